"""Frozen dataclasses to and from CBOR maps, driven by their field types.

The key of a field is its name, or the number given by a `Key`. Types: `int` (unsigned, at most 2**63 - 1), `bool`,
`str`, `bytes`, `float`, `Any`, another record, `tuple[X, ...]`, `tuple[X, Y]`, `dict[str, X]`, each also `| None`.
A field whose default is None is left out while it is None; without a default None is written as null. A missing field
takes its default. Unknown text keys are ignored, unknown numbers are errors.
"""

import dataclasses
import types
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from wire import cbor
from wire.errors import MalformedError

R = TypeVar("R")


@dataclasses.dataclass(frozen=True)
class Key:
    """Annotation of a field whose key in CBOR is a number: `Annotated[int, Key(2)]`."""

    number: int


def to_map(record: Any) -> dict[str | int, Any]:
    """The CBOR map of a record."""
    result: dict[str | int, Any] = {}
    for field in _fields(type(record)):
        value = getattr(record, field.name)
        if value is not None or not field.omitted_when_none:
            result[field.key] = _plain(value)
    return result


def from_map(record_type: type[R], value: Any, where: str) -> R:
    """The record held by a decoded CBOR map; MalformedError names `where` and the key."""
    if not isinstance(value, Mapping):
        raise MalformedError(f"{where} is not a map")
    fields = _fields(record_type)
    arguments: dict[str, Any] = {}
    for field in fields:
        if field.key in value:
            arguments[field.name] = field.read(value[field.key], f"{where}.{field.label}")
        elif field.required:
            raise MalformedError(f"{where} has no {field.label!r}")
    known = {field.key for field in fields}
    for key in value:
        if not isinstance(key, str) and (type(key) is not int or key not in known):
            raise MalformedError(f"{where} has an unknown key {key!r}")
    return record_type(**arguments)


@dataclasses.dataclass(frozen=True)
class _Field:
    name: str
    key: str | int
    required: bool
    omitted_when_none: bool
    read: Callable[[Any, str], Any]

    @property
    def label(self) -> str:
        return self.name if self.key == self.name else f"{self.key} ({self.name})"


_KNOWN: dict[type[Any], tuple[_Field, ...]] = {}


def _fields(record_type: type[Any]) -> tuple[_Field, ...]:
    if (known := _KNOWN.get(record_type)) is not None:
        return known
    hints = get_type_hints(record_type, include_extras=True)
    fields = tuple(
        _Field(
            name=field.name,
            key=_key(hints[field.name], field.name),
            required=field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
            omitted_when_none=field.default is None,
            read=_reader(hints[field.name]),
        )
        for field in dataclasses.fields(record_type)
    )
    _KNOWN[record_type] = fields
    return fields


def _key(hint: Any, name: str) -> str | int:
    if get_origin(hint) is Annotated:
        return next((note.number for note in get_args(hint) if isinstance(note, Key)), name)
    return name


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return to_map(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _reader(hint: Any) -> Callable[[Any, str], Any]:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _reader(arguments[0])
    if hint is Any:
        return lambda value, where: value
    if origin in {Union, types.UnionType}:
        return _optional_reader(arguments)
    if origin is tuple:
        return _tuple_reader(arguments)
    if origin is dict:
        return _dict_reader(_reader(arguments[1]))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        record_type: type[Any] = hint
        return lambda value, where: from_map(record_type, value, where)
    return {int: _read_uint, bool: _read_bool, str: _read_text, bytes: _read_bytes, float: _read_number}[hint]


def _optional_reader(arguments: tuple[Any, ...]) -> Callable[[Any, str], Any]:
    (inner,) = [argument for argument in arguments if argument is not type(None)]
    read = _reader(inner)
    return lambda value, where: None if value is None else read(value, where)


def _tuple_reader(arguments: tuple[Any, ...]) -> Callable[[Any, str], Any]:
    if arguments[-1] is Ellipsis:
        read = _reader(arguments[0])
        return lambda value, where: tuple(
            read(item, f"{where}[{at}]") for at, item in enumerate(read_array(value, where))
        )
    readers = [_reader(argument) for argument in arguments]

    def read_fixed(value: Any, where: str) -> tuple[Any, ...]:
        items = read_array(value, where)
        if len(items) != len(readers):
            raise MalformedError(f"{where} has {len(items)} items instead of {len(readers)}")
        return tuple(
            reader(item, f"{where}[{at}]") for at, (reader, item) in enumerate(zip(readers, items, strict=True))
        )

    return read_fixed


def _dict_reader(read: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    def read_dict(value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise MalformedError(f"{where} is not a map")
        return {_read_text(key, f"{where}: a key"): read(item, f"{where}.{key}") for key, item in value.items()}

    return read_dict


def read_array(value: Any, where: str) -> list[Any]:
    """The items of a decoded array."""
    if not isinstance(value, list | tuple):
        raise MalformedError(f"{where} is not an array")
    return list(value)


def _read_uint(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= cbor.MAX_UINT:
        raise MalformedError(f"{where} is not an unsigned number up to 2**63 - 1")
    return value


def _read_bool(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise MalformedError(f"{where} is neither true nor false")
    return value


def _read_text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise MalformedError(f"{where} is not text")
    return value


def _read_bytes(value: Any, where: str) -> bytes:
    if not isinstance(value, bytes):
        raise MalformedError(f"{where} is not a byte string")
    return value


def _read_number(value: Any, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise MalformedError(f"{where} is not a number")
    try:
        return float(value)
    except OverflowError:
        raise MalformedError(f"{where} is too large a number") from None
