"""Asks whether a guest may go on, at every epoch while it computes.

wasmtime-py knows a deadline in epochs alone, which nobody can shorten for a guest that runs. Wasmtime itself calls a
function at an epoch, in the thread of the guest; this module declares that part of its C interface
(``wasmtime_store_epoch_deadline_callback`` in ``wasmtime/store.h``).
"""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Callable
from typing import Any

from wasmtime._ffi import dll

from edge_host.store import Store

MayGoOn = Callable[[], bool]

INTERRUPT = b"wasm trap: interrupt"
"""The words of Wasmtime's own deadline (`edge_host.stops`)."""

_CONTINUE = 0
_ASK = ctypes.CFUNCTYPE(
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.POINTER(ctypes.c_uint64),
    ctypes.POINTER(ctypes.c_uint8),
)
_WATCH = dll["wasmtime_store_epoch_deadline_callback"]
_WATCH.argtypes = [ctypes.c_void_p, _ASK, ctypes.c_void_p, ctypes.c_void_p]
_WATCH.restype = None
_NEW_ERROR = dll["wasmtime_error_new"]
_NEW_ERROR.argtypes = [ctypes.c_char_p]
_NEW_ERROR.restype = ctypes.c_void_p

_numbers = itertools.count(1)
_watched: dict[int, MayGoOn] = {}


def number_of(may_go_on: MayGoOn) -> int:
    """A number for `watch`, until `forget`."""
    number = next(_numbers)
    _watched[number] = may_go_on
    return number


def watch(store: Store, number: int) -> None:
    """Ask the function behind `number` at every epoch of a call, and end the call when it says no."""
    _WATCH(store.address, _ask, number, None)


def forget(number: int) -> None:
    """Ask no more, once no store does."""
    _watched.pop(number, None)


def _at_epoch(_context: Any, number: int | None, more: Any, kind: Any) -> int | None:
    may_go_on = _watched.get(number or 0)
    if may_go_on is not None and may_go_on():
        more[0], kind[0] = 1, _CONTINUE
        return None
    return int(_NEW_ERROR(INTERRUPT))


_ask = _ASK(_at_epoch)
