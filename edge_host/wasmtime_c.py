"""Functions of Wasmtime's C interface that every call or every instance needs, with addresses as plain numbers.

wasmtime-py makes an object for each pointer and lets other threads run during each function, which takes longer than
most of these functions. Here short ones keep Python's lock, and those that run a guest (`CALL`, `INSTANTIATE`) do not.
"""

from __future__ import annotations

import ctypes
from typing import Any

from wasmtime import WasmtimeError
from wasmtime import _ffi as ffi

ADDRESS = ctypes.c_void_p
SIZE = ctypes.c_size_t
_KEEPS_LOCK = ctypes.PyDLL(ffi.dll._name, handle=ffi.dll._handle)


def _declare(library: Any, name: str, result: Any, *arguments: Any) -> Any:
    function = library[name]
    function.argtypes, function.restype = arguments, result
    return function


NEW_STORE = _declare(_KEEPS_LOCK, "wasmtime_store_new", ADDRESS, ADDRESS, ADDRESS, ADDRESS)
DELETE_STORE = _declare(_KEEPS_LOCK, "wasmtime_store_delete", None, ADDRESS)
CONTEXT = _declare(_KEEPS_LOCK, "wasmtime_store_context", ADDRESS, ADDRESS)
LIMIT = _declare(_KEEPS_LOCK, "wasmtime_store_limiter", None, ADDRESS, *[ctypes.c_int64] * 5)
SET_FUEL = _declare(_KEEPS_LOCK, "wasmtime_context_set_fuel", ADDRESS, ADDRESS, ctypes.c_uint64)
GET_FUEL = _declare(_KEEPS_LOCK, "wasmtime_context_get_fuel", ADDRESS, ADDRESS, ADDRESS)
SET_EPOCH = _declare(_KEEPS_LOCK, "wasmtime_context_set_epoch_deadline", None, ADDRESS, ctypes.c_uint64)
GET_FUNCTION = _declare(
    _KEEPS_LOCK, "wasmtime_component_instance_get_func", ctypes.c_bool, ADDRESS, ADDRESS, ADDRESS, ADDRESS
)
INSTANTIATE = _declare(ffi.dll, "wasmtime_component_linker_instantiate", ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS)
CALL = _declare(ffi.dll, "wasmtime_component_func_call", ADDRESS, ADDRESS, ADDRESS, ADDRESS, SIZE, ADDRESS, SIZE)
ADD_FUNCTION = _declare(
    ffi.dll, "wasmtime_component_linker_instance_add_func", ADDRESS, ADDRESS, ctypes.c_char_p, SIZE, *[ADDRESS] * 3
)


def address(pointer: Any) -> int:
    """The address that a pointer of ctypes holds."""
    return ctypes.cast(pointer, ADDRESS).value or 0


def check(error: int | None) -> None:
    """Raise the `WasmtimeError` at an address; nothing where there is none."""
    if error:
        raise WasmtimeError._from_ptr(ctypes.cast(error, ctypes.POINTER(ffi.wasmtime_error_t)))
