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
from collections.abc import Callable
from pathlib import Path

import wasmtime

from edge_host import calling
from edge_host.guest_memory import count_memories
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
    count_memories(config)
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
    """Advances the engine's epoch while at least one guest computes; costs nothing otherwise."""

    def __init__(self, engine: wasmtime.Engine, ticked: Callable[[], None] = lambda: None) -> None:
        """`ticked` is told of each epoch that begins, in the thread of the ticker."""
        self._engine = engine
        self._ticked = ticked
        self._computing = 0
        self._lock = threading.Lock()
        self._is_asleep = False
        self._wake = threading.Semaphore(0)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._tick, name="epochs", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """A guest computes from now on, until `end`."""
        with self._lock:
            self._computing += 1
            if not self._is_asleep:
                return
            self._is_asleep = False
        self._wake.release()

    def end(self) -> None:
        """A guest that computed does not any more."""
        with self._lock:
            self._computing -= 1

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        self._wake.release()
        self._thread.join()

    def _tick(self) -> None:
        while not self._closed.is_set():
            with self._lock:
                self._is_asleep = not self._computing
            if self._is_asleep:
                self._wake.acquire()
            elif not self._closed.wait(TICK_SECONDS) and self._computing:
                self._engine.increment_epoch()
                self._ticked()
