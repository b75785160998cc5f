"""What keeps the agent small: versions without a search, one heap, memory given back."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import sys
from functools import cache
from pathlib import Path

_ARENA_MAX = -8
"""``M_ARENA_MAX`` of glibc's ``mallopt``."""
ARENAS = 1
"""Heaps of the C library: by itself it makes up to eight for each core, one for each thread of a guest.
Threads wait for each other in Python anyway."""
CALM_SECONDS = 10.0


@cache
def installed(package: str) -> str | None:
    """The version of an installed package by the name of its folder of metadata; None when there is none."""
    prefix = f"{package}-"
    for place in sys.path:
        try:
            names = [entry.name for entry in Path(place or ".").iterdir()]
        except OSError:
            continue
        for name in names:
            if name.startswith(prefix) and name.endswith((".dist-info", ".egg-info")):
                return name.removeprefix(prefix).rpartition(".")[0].partition("-")[0]
    return None


def lot() -> float:
    """A number from 0 to 1 by lot, without the module `random`."""
    return int.from_bytes(os.urandom(4), "big") / (1 << 32)


def limit_heaps() -> None:
    """Let all threads share one heap of the C library; nothing happens where it has no such setting."""
    mallopt = getattr(_libc(), "mallopt", None)
    if mallopt is not None:
        mallopt(_ARENA_MAX, ARENAS)


class Tidy:
    """Gives memory back a while after something was done; belongs to the event loop's thread."""

    def __init__(self) -> None:
        self._due: asyncio.TimerHandle | None = None
        self._has_settled = False

    def changed(self) -> None:
        """Something was done that needed memory for a moment."""
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(CALM_SECONDS, self._now)

    def _now(self) -> None:
        self._due = None
        gc.collect()
        if not self._has_settled:
            self._has_settled = True
            gc.freeze()  # what the start made stays: it need not be looked through again and again
        trim = getattr(_libc(), "malloc_trim", None)
        if trim is not None:
            trim(0)


@cache
def _libc() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL(None)
    except OSError:
        return None
