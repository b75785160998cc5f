"""The Wasmtime engine of this process: one set of settings, one epoch ticker.

Memory is reserved byte by byte (no 4 GiB reservation, no guard pages): a small board runs out of address space first.
CPU is limited twice: by **fuel**, the same measure as on a board, and by **epochs**, a wall-clock limit for a call
that fuel cannot see (a slow host function). The ticker thread runs only while a guest runs.
"""

from __future__ import annotations

import hashlib
import os
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import wasmtime

from edge_host import calling
from edge_host.lean import installed

TICK_SECONDS = 0.05
"""Length of an epoch."""

CALL_SECONDS = 10.0
"""Wall-clock limit of one call of a guest."""

STACK_BYTES = 256 * 1024
"""Native stack of a guest, one limit for all: native frames are larger than those of a board's interpreter."""

SETTINGS: dict[str, object] = {
    "wasm_custom_page_sizes": True,
    "wasm_threads": False,
    "wasm_gc": False,
    "wasm_exceptions": False,
    "gc_support": False,
    "memory_reservation": 0,
    "memory_reservation_for_growth": 0,
    "memory_guard_size": 0,
    "memory_init_cow": False,
    "parallel_compilation": False,
    "consume_fuel": True,
    "epoch_interruption": True,
    "max_wasm_stack": STACK_BYTES,
}


def new_engine() -> wasmtime.Engine:
    """An engine with our settings; the compiler process makes an equal one."""
    calling.install()
    config = wasmtime.Config()
    for name, value in SETTINGS.items():
        setattr(config, name, value)
    return wasmtime.Engine(config)


def fingerprint() -> str:
    """16 hexadecimal digits that change whenever compiled code of another engine would not fit here."""
    parts = (installed("wasmtime") or "", repr(sorted(SETTINGS.items())), platform.machine(), _cpu_flags())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _cpu_flags() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return os.uname().machine
    return next((line for line in lines if line.lower().startswith(("flags", "features"))), "")


class EpochTicker:
    """Advances the engine's epoch while at least one guest runs; costs nothing otherwise."""

    def __init__(self, engine: wasmtime.Engine) -> None:
        self._engine = engine
        self._running = 0
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._tick, name="epochs", daemon=True)
        self._thread.start()

    @contextmanager
    def running(self) -> Iterator[int]:
        """Hold while a guest runs; gives the deadline of a call in ticks."""
        self._count(1)
        try:
            yield int(CALL_SECONDS / TICK_SECONDS) + 1
        finally:
            self._count(-1)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Hold, within `running`, while the guest waits for something outside."""
        self._count(-1)
        try:
            yield
        finally:
            self._count(1)

    def _count(self, change: int) -> None:
        with self._wake:
            self._running += change
            if self._running == change:
                self._wake.notify()

    def close(self) -> None:
        """End the thread."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()

    def _tick(self) -> None:
        pause = threading.Event()
        while True:
            with self._wake:
                while not self._running and not self._closed:
                    self._wake.wait()
                if self._closed:
                    return
            pause.wait(TICK_SECONDS)
            if self._running:
                self._engine.increment_epoch()
