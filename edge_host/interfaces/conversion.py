"""Repairs of how wasmtime-py 48 passes values between Python and a guest; `install` puts them in place of its own.

- ``list<u8>`` is converted element by element, some 0.8 microseconds for each byte. In C it is an array of 32-byte
  values, whose kind is the first byte and whose `u8` is the ninth (the rest is not looked at): strided copies do it.
- A `Variant` with the name of a case is that case, whether or not values of the type have names in wasmtime-py; of a
  ``result`` the type of the other case is not looked at.
- Which case of a ``result`` or ``variant`` a value is, is looked up in a set of the whole process without a lock: two
  guests in two threads get each other's cases. And an error beside an ``option`` is never found to be one.
"""

from __future__ import annotations

import ctypes
from typing import Any

from wasmtime import _ffi as ffi
from wasmtime.component import ListType, OptionType, ResultType, ValType, Variant, VariantType

VALUE_BYTES = ctypes.sizeof(ffi.wasmtime_component_val_t)
_RESULT = ("ok", "err")
U8_AT = ffi.wasmtime_component_val_t.of.offset
KIND = bytes([ffi.WASMTIME_COMPONENT_U8.value])
SMALL = 4096
"""Up to so many bytes the values are copied: an array type of their length costs more to make."""

_STOCK: dict[tuple[type, str], Any] = {
    (ListType, "convert_to_c"): ListType.convert_to_c,
    (ListType, "convert_from_c"): ListType.convert_from_c,
    **{(kind, "_lower"): kind._lower for kind in (OptionType, ResultType, VariantType)},
}


def install() -> None:
    """Use these conversions from now on in this process; calling it again changes nothing."""
    for (kind, name), function in _OURS.items():
        setattr(kind, name, function)


def uninstall() -> None:
    """Back to the stock conversions, to compare."""
    for (kind, name), function in _STOCK.items():
        setattr(kind, name, function)


def _list_to_c(kind: Any, store: Any, value: Any, target: Any) -> None:
    if not value or not kind._is_bytes() or not isinstance(value, bytes):
        _STOCK[ListType, "convert_to_c"](kind, store, value, target)
        return
    raw = ffi.wasmtime_component_vallist_t()
    ffi.wasmtime_component_vallist_new_uninit(raw, len(value))
    size = len(value) * VALUE_BYTES
    if len(value) <= SMALL:
        values = bytearray(KIND) * size
        values[U8_AT::VALUE_BYTES] = value
        ctypes.memmove(raw.data, bytes(values), size)
    else:
        ctypes.memset(raw.data, KIND[0], size)
        memoryview(_values(raw)).cast("B")[U8_AT::VALUE_BYTES] = value
    target.contents.kind = ffi.WASMTIME_COMPONENT_LIST
    target.contents.of.list = raw


def _list_from_c(kind: Any, value: Any) -> Any:
    if not value.of.list.size or not kind._is_bytes():
        return _STOCK[ListType, "convert_from_c"](kind, value)
    values = value.of.list
    try:
        if values.size <= SMALL:
            return ctypes.string_at(values.data, values.size * VALUE_BYTES)[U8_AT::VALUE_BYTES]
        return _values(values)[U8_AT::VALUE_BYTES]
    finally:
        ffi.wasmtime_component_vallist_delete(ctypes.byref(values))


def _values(raw: Any) -> Any:
    """The values of a C list as an array of characters."""
    return (ctypes.c_char * (raw.size * VALUE_BYTES)).from_address(ctypes.addressof(raw.data.contents))


def _lower(kind: Any, store: Any, value: Any) -> tuple[str, Any]:
    """The case that `value` is of a variant-like type, and its payload in C."""
    if isinstance(value, Variant):
        if isinstance(kind, ResultType) and value.tag in _RESULT:
            return value.tag, _payload(kind.ok if value.tag == "ok" else kind.err, store, value.payload)
        for name, payload in kind._cases():
            if name == value.tag:
                return name, _payload(payload, store, value.payload)
    tagged = kind._tagged()
    if tagged and not isinstance(value, Variant):
        raise TypeError(f"expected a Variant, not {value!r}")
    for name, payload in kind._cases():
        if not tagged and _is_case(payload, value):
            return name, _payload(payload, store, value)
    raise TypeError(f"{value!r} is no case of the type")


def _payload(kind: ValType | None, store: Any, value: Any) -> Any:
    """The payload of a case in C; None for a case without one."""
    if kind is None:
        return None
    raw = ffi.wasmtime_component_val_t()
    kind.convert_to_c(store, value, ctypes.pointer(raw))
    return ffi.wasmtime_component_val_new(ctypes.byref(raw))


def _is_case(payload: ValType | None, value: object) -> bool:
    """Whether an untagged `value` is of this case."""
    if payload is None:
        return value is None
    if isinstance(payload, OptionType | ResultType | VariantType) and not payload._tagged():
        return any(_is_case(inner, value) for _, inner in payload._cases())
    classes: set[type] = set()
    payload.add_classes(classes)
    return isinstance(value, tuple(classes))


_OURS: dict[tuple[type, str], Any] = {
    (ListType, "convert_to_c"): _list_to_c,
    (ListType, "convert_from_c"): _list_from_c,
    **{(kind, "_lower"): _lower for kind in (OptionType, ResultType, VariantType)},
}
