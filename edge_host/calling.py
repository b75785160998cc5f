"""Repairs of how wasmtime-py 48 calls functions between Python and a guest; `install` puts them in place of its own.

- The type of a function is asked of Wasmtime anew at each call, part by part and in every level of a value: most of
  the time of a call. Here a function keeps its type, and a type its parts.
- An exception of a host function is kept in a variable of the whole process, where a guest in another thread finds
  it; and host functions are numbered without a lock. Here nothing is shared.
- A text is copied through an array type that is made for its length, and the fields of a record are found by name.
- Every call of Wasmtime lets other threads run, which takes longer than most of these calls: short ones keep the lock.
- A component that calls another needs none of its values in Python: `add_passing` leaves them where they are.

A host function keeps the type of its first call: a linker must serve one component.
"""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Callable
from ctypes import byref, pointer
from functools import cached_property
from typing import Any

from wasmtime import StoreContext, WasmtimeError, _bindings
from wasmtime import _ffi as ffi
from wasmtime.component import (
    F32,
    F64,
    S8,
    S16,
    S32,
    S64,
    U8,
    U16,
    U32,
    U64,
    Bool,
    Char,
    EnumType,
    FlagsType,
    Func,
    FuncType,
    LinkerInstance,
    ListType,
    OptionType,
    Record,
    RecordType,
    ResultType,
    TupleType,
    VariantType,
)

from edge_host import wasmtime_c as c
from edge_host.store import Store

Value = ffi.wasmtime_component_val_t
Values = tuple[int | None, int, int | None, int]
"""Values in C: the address of the arguments and how many they are, and the same of the results."""
_PARTS: tuple[tuple[Any, str], ...] = (
    *((ListType, "element"), (RecordType, "fields"), (TupleType, "elements"), (VariantType, "cases")),
    *((EnumType, "names"), (OptionType, "payload"), (ResultType, "ok"), (ResultType, "err"), (FlagsType, "names")),
)
_VARIANTS: tuple[Any, ...] = (VariantType, OptionType, ResultType)
_PLAIN: tuple[Any, ...] = (Bool, Char, F32, F64, S8, S16, S32, S64, U8, U16, U32, U64)
"""Types whose values hold nothing that has to be freed."""
_SHORT = (
    *("wasm_byte_vec_new_uninitialized", "wasm_byte_vec_delete", "wasmtime_engine_increment_epoch"),
    *("wasmtime_component_val_new", "wasmtime_component_vallist_new_uninit"),
    *(f"wasmtime_component_val{kind}_new_uninit" for kind in ("record", "tuple", "flags")),
    *(f"wasmtime_component_val{kind}_delete" for kind in ("record", "flags")),
)
_SHORT_CALLS = ctypes.PyDLL(ffi.dll._name, handle=ffi.dll._handle)
_NEW_BYTES = _SHORT_CALLS["wasm_byte_vec_new"]
_NEW_BYTES.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
_NEW_BYTES.restype = None


class _Signature:
    """The parameters and the result of a function, as converters."""

    def __init__(self, kind: Any) -> None:
        self.parameters = tuple(parameter for _, parameter in kind.params)
        self.result = kind.result
        self.array = Value * len(self.parameters)
        self.is_plain = all(isinstance(parameter, _PLAIN) for parameter in self.parameters)


class _HostFunction:
    """A function that guests call, with its type once that is known."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.signature: _Signature | None = None


_HOST_FUNCTIONS: dict[int, _HostFunction] = {}
_PASSING: dict[int, Callable[[Values], None]] = {}
_PASSED = ctypes.CFUNCTYPE(c.SIZE, *[c.ADDRESS] * 4, c.SIZE, c.ADDRESS, c.SIZE)
_NUMBERS = itertools.count(1)


def install() -> None:
    """Use these from now on in this process; calling it again changes nothing."""
    if Func.__call__ is _call:
        return
    for kind, name in _PARTS:
        _keep(kind, name, vars(kind)[name].fget)
    for kind in _VARIANTS:
        _keep_result(kind, "_cases")
        _keep_result(kind, "_tagged")
    _keep_result(ListType, "_is_bytes")
    for name in _SHORT:
        setattr(_bindings, f"_{name}", _short(name))
    for holder, name, ours in (
        (Func, "__call__", _call),
        (LinkerInstance, "add_func", _add_function),
        (RecordType, "convert_to_c", _record_to_c),
        (RecordType, "convert_from_c", _record_from_c),
        (ffi, "to_str", _text),
        (ffi, "bytes_to_capi", _bytes_to_c),
    ):
        setattr(holder, name, ours)


def _keep(kind: Any, name: str, find: Callable[[Any], Any]) -> None:
    kept = cached_property(find)
    kept.__set_name__(kind, name)
    setattr(kind, name, kept)


def _keep_result(kind: Any, method: str) -> None:
    name = f"_kept{method}"
    _keep(kind, name, getattr(kind, method))
    setattr(kind, method, lambda self: getattr(self, name))


def call(function: Any, store: Any, arguments: tuple[Any, ...]) -> Any:
    """Call an export; raises `WasmtimeError`, or `TypeError` for arguments that do not fit."""
    signature = vars(function).get("_signature")
    if signature is None:
        with function.type(store) as kind:
            signature = function._signature = _Signature(kind)
    if len(arguments) != len(signature.parameters):
        raise TypeError(f"{len(arguments)} arguments for {len(signature.parameters)} parameters")
    given = signature.array()
    converted = 0
    try:
        for kind, argument in zip(signature.parameters, arguments, strict=True):
            kind.convert_to_c(store, argument, pointer(given[converted]))
            converted += 1
        context = store.context if isinstance(store, Store) else store._context()
        if signature.result is None:
            c.check(c.CALL(byref(function._func), context, given, converted, None, 0))
            return None
        result = Value()
        c.check(c.CALL(byref(function._func), context, given, converted, byref(result), 1))
        return signature.result.convert_from_c(result)
    finally:
        if not signature.is_plain:
            for place in range(converted):
                ffi.wasmtime_component_val_delete(byref(given[place]))


def _call(function: Any, store: Any, *arguments: Any) -> Any:
    return call(function, store, arguments)


def _add_function(instance: Any, name: str, function: Callable[..., Any]) -> None:
    """Offer a host function; raises `WasmtimeError` for a name that is there already."""
    instance._assert_not_locked()
    number = next(_NUMBERS)
    _HOST_FUNCTIONS[number] = _HostFunction(function)
    encoded = name.encode()
    error = ffi.wasmtime_component_linker_instance_add_func(
        *(instance.ptr(), ctypes.create_string_buffer(encoded), len(encoded), _called, number, _forget)
    )
    if error:
        raise WasmtimeError._from_ptr(error)


@ffi.wasmtime_component_func_callback_t  # type: ignore[untyped-decorator]
def _called(number: int, context: Any, kind: Any, arguments: Any, _count: int, results: Any, _results: int) -> int:
    store = StoreContext(context)
    try:
        host = _HOST_FUNCTIONS[number]
        signature = host.signature
        if signature is None:
            with FuncType._from_ptr(kind, owner=store) as found:
                signature = host.signature = _Signature(found)
        values = [parameter.convert_from_c(arguments[at]) for at, parameter in enumerate(signature.parameters)]
        result = host.function(store, *values)
        if signature.result is not None:
            signature.result.convert_to_c(store, result, results)
    except WasmtimeError as error:
        return _address(error)
    except BaseException as error:  # what leaves a callback is printed and lost
        return _address(WasmtimeError(f"host function failed: {error!r}"))
    finally:
        store._invalidate()
    return 0


def add_passing(instance: Any, name: str, function: Callable[[Values], None]) -> None:
    """Offer a function that passes its arguments on as they lie in memory, and leaves its result there.

    Raises `WasmtimeError` for a name that is there already.
    """
    instance._assert_not_locked()
    number = next(_NUMBERS)
    _PASSING[number] = function
    encoded = name.encode()
    c.check(c.ADD_FUNCTION(instance.ptr(), encoded, len(encoded), _passed, number, _forget_passing))


@_PASSED  # type: ignore[untyped-decorator]
def _passed(number: int, _context: int, _kind: int, arguments: int, count: int, results: int | None, most: int) -> int:
    try:
        _PASSING[number]((arguments, count, results, most))
    except WasmtimeError as error:
        return _address(error)
    except BaseException as error:  # what leaves a callback is printed and lost
        return _address(WasmtimeError(f"host function failed: {error!r}"))
    return 0


@ctypes.CFUNCTYPE(None, ctypes.c_void_p)  # type: ignore[untyped-decorator]
def _forget_passing(number: int) -> None:
    if _PASSING:
        _PASSING.pop(number, None)


@ctypes.CFUNCTYPE(None, ctypes.c_void_p)  # type: ignore[untyped-decorator]
def _forget(number: int) -> None:
    if _HOST_FUNCTIONS:
        _HOST_FUNCTIONS.pop(number, None)


def _address(error: Any) -> int:
    return ctypes.cast(error._consume(), ctypes.c_void_p).value or 0


def _record_to_c(kind: Any, store: Any, value: Any, target: Any) -> None:
    raw = ffi.wasmtime_component_valrecord_t()
    fields = kind.fields
    ffi.wasmtime_component_valrecord_new_uninit(raw, len(fields))
    done = 0
    try:
        for name, field in fields:
            entry = raw.data[done]
            field.convert_to_c(store, getattr(value, name), pointer(entry.val))
            encoded = name.encode()
            _NEW_BYTES(byref(entry.name), len(encoded), encoded)
            done += 1
        target.contents.kind = ffi.WASMTIME_COMPONENT_RECORD
        target.contents.of.record = raw
    except BaseException:
        for place in range(done, len(fields)):
            _empty(raw.data[place].val)
            raw.data[place].name = ffi.str_to_capi("")
        ffi.wasmtime_component_valrecord_delete(byref(raw))
        raise


def _record_from_c(kind: Any, value: Any) -> Any:
    made = Record()
    found = vars(made)
    raw = value.of.record
    try:
        for place, (name, field) in enumerate(kind.fields):
            entry = raw.data[place].val
            found[name] = field.convert_from_c(entry)
            _empty(entry)
        return made
    finally:
        ffi.wasmtime_component_valrecord_delete(byref(raw))


def _empty(value: Any) -> None:
    """Leave nothing in a value that could be freed."""
    value.kind = ffi.WASMTIME_COMPONENT_BOOL
    value.of.boolean = False


def _text(bytes_: Any) -> str:
    return ctypes.string_at(bytes_.data, bytes_.size).decode() if bytes_.size else ""


def _bytes_to_c(content: bytes | bytearray) -> Any:
    if not isinstance(content, bytes | bytearray):
        raise TypeError("expected bytes")
    made = ffi.wasm_byte_vec_t()
    _NEW_BYTES(byref(made), len(content), bytes(content))
    return made


def _short(name: str) -> Any:
    """A function of Wasmtime that is called without letting other threads run."""
    function = _SHORT_CALLS[name]
    known = getattr(_bindings, f"_{name}")
    function.argtypes, function.restype = known.argtypes, known.restype
    return function
