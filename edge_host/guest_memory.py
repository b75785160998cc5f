"""Linear memories of guests: handed out here, so that all memories of a component are counted together.

wasmtime-py limits each memory alone and never tells how large one became. Wasmtime takes the allocator of its embedder
(``wasmtime_config_host_memory_creator_set`` in ``wasmtime/config.h``); this one maps zeroed pages, which cost nothing
before they are written, and asks the **budget** of the component at each growth. A memory never moves.
"""

from __future__ import annotations

import ctypes
import itertools
import mmap
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import wasmtime
from wasmtime._ffi import dll

OVER = "memory minimum size exceeds memory limits"
"""How Wasmtime says that a memory is larger than it may be at the start."""

ROOMS = 8
MOST_SPARE = 4
SPARE_BYTES = 1 << 20
"""Of so many sizes, so many maps of at most so many bytes are kept for the next instances, without memory."""

_GET = ctypes.CFUNCTYPE(
    ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_size_t), ctypes.POINTER(ctypes.c_size_t)
)
_GROW = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
_FREE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class _Memory(ctypes.Structure):
    """``wasmtime_linear_memory_t``."""

    _fields_ = (("env", ctypes.c_void_p), ("get", _GET), ("grow", _GROW), ("free", _FREE))


_NEW = ctypes.CFUNCTYPE(
    *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t),
    *(ctypes.c_size_t, ctypes.c_size_t, ctypes.POINTER(_Memory)),
)


class _Creator(ctypes.Structure):
    """``wasmtime_memory_creator_t``."""

    _fields_ = (("env", ctypes.c_void_p), ("new", _NEW), ("free", ctypes.c_void_p))


_SET_CREATOR = dll["wasmtime_config_host_memory_creator_set"]
_SET_CREATOR.argtypes = [ctypes.c_void_p, ctypes.POINTER(_Creator)]
_SET_CREATOR.restype = None
_NEW_ERROR = dll["wasmtime_error_new"]
_NEW_ERROR.argtypes = [ctypes.c_char_p]
_NEW_ERROR.restype = ctypes.c_void_p


class Budget:
    """The bytes of all linear memories of one instance of a component; belongs to the thread that calls it."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.used = 0
        self.peak = 0
        """The largest `used` so far."""

    def take(self, size: int) -> bool:
        """Whether `size` more bytes fit; they are counted then."""
        if self.used + size > self.most:
            return False
        self.used += size
        self.peak = max(self.peak, self.used)
        return True


class _Pages:
    """One memory: its pages, how many bytes of them the guest has, and who pays."""

    def __init__(self, room: int) -> None:
        self.budget: Budget | None = None
        self.size = 0
        self.room = room
        self._map = mmap.mmap(-1, room, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._view = ctypes.c_char.from_buffer(self._map)
        self.address = ctypes.addressof(self._view)

    def clear(self) -> None:
        """Give the pages back to the kernel: the next ones are zeros again. Raises `OSError`."""
        self._map.madvise(mmap.MADV_DONTNEED)


class _Spare:
    """Maps whose memory is gone, for the next memories of the same room; to map and unmap takes longer.

    Without a lock: what the collector frees may call `give` within `take`.
    """

    def __init__(self) -> None:
        self._of: dict[int, deque[_Pages]] = {}

    def take(self, room: int) -> _Pages:
        """Zeroed pages for so many bytes; raises `OSError` when there are none left."""
        try:
            return self._of[room].pop()
        except LookupError:
            return _Pages(room)

    def give(self, pages: _Pages) -> None:
        """Take a map back, or forget it."""
        if pages.room > SPARE_BYTES:
            return
        try:
            pages.clear()
        except OSError:
            return
        spare = self._of.get(pages.room)
        if spare is None:
            if len(self._of) >= ROOMS:
                self._of.clear()
            spare = self._of.setdefault(pages.room, deque(maxlen=MOST_SPARE))
        spare.append(pages)


class _Payer(threading.local):
    """Who pays for the memories that are made in a thread."""

    budget: Budget | None = None


_spare = _Spare()
_numbers = itertools.count(1)
_held: dict[int, _Pages] = {}
_payer = _Payer()


def count_memories(config: wasmtime.Config) -> None:
    """Have an engine with this configuration take its memories from here."""
    _SET_CREATOR(ctypes.cast(config.ptr(), ctypes.c_void_p), ctypes.byref(_creator))


class PaidBy:
    """Hold while an instance is made whose memories `budget` pays for."""

    __slots__ = ("_before", "_budget")

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def __enter__(self) -> None:
        self._before = _payer.budget
        _payer.budget = self._budget

    def __exit__(self, *_: object) -> None:
        _payer.budget = self._before


def _careful(work: Callable[[], str | None]) -> int | None:
    """A Wasmtime error with what `work` says is wrong, None when nothing is; nothing may be raised into Wasmtime."""
    try:
        problem = work()
    except BaseException as error:
        problem = f"memory: {error}"
    return None if problem is None else int(_NEW_ERROR(problem.encode()))


def _new(_env: Any, _type: Any, least: int, most: int, _reserved: int, _guard: int, memory: Any) -> int | None:
    def work() -> str | None:
        budget = _payer.budget
        if budget is not None and not budget.take(least):
            return OVER
        pages = _spare.take(max(least, min(most, budget.most) if budget is not None else least, 1))
        pages.budget, pages.size = budget, least
        number = next(_numbers)
        _held[number] = pages
        found = memory[0]
        found.env, found.get, found.grow, found.free = number, _get_callback, _grow_callback, _free_callback
        return None

    return _careful(work)


def _get(number: int, size: Any, room: Any) -> int:
    pages = _held[number]
    size[0], room[0] = pages.size, pages.room
    return pages.address


def _grow(number: int, size: int) -> int | None:
    def work() -> str | None:
        pages = _held[number]
        if size > pages.room or (pages.budget is not None and not pages.budget.take(size - pages.size)):
            return "memory limit"
        pages.size = size
        return None

    return _careful(work)


def _free(number: int) -> None:
    pages = _held.pop(number, None)
    if pages is None:
        return
    if pages.budget is not None:
        pages.budget.used -= pages.size
        pages.budget = None
    _spare.give(pages)


_get_callback, _grow_callback, _free_callback, _new_callback = _GET(_get), _GROW(_grow), _FREE(_free), _NEW(_new)
_creator = _Creator(None, _new_callback, None)
