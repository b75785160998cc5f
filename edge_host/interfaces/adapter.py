"""The one place where host functions meet Wasmtime.

wasmtime-py keeps an exception of a host function in a variable of the whole process, where another thread may find
it. Therefore nothing but `WasmtimeError` leaves a function bound here; what went wrong is kept in the guest's own
context.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import wasmtime
from wasmtime.component import LinkerInstance, Record, ResourceHost, ResourceType, Variant

from edge_host.calling import Values, add_passing
from edge_host.errors import StopError
from edge_host.interfaces.context import GuestContext

HostFunction = Callable[..., Any]


class ResourceNumber(IntEnum):
    """Tells the resource types of all interfaces apart."""

    I2C = 1
    OUTPUT_PIN = 2
    STATEFUL_OUTPUT_PIN = 3
    INPUT_PIN = 4
    INPUT_WAIT_PIN = 5
    PWM_PIN = 6
    SPI_DEVICE = 7
    POLLABLE = 8
    BUCKET = 9
    IO_ERROR = 10
    INPUT_STREAM = 11
    OUTPUT_STREAM = 12
    DESCRIPTOR = 13
    DIRECTORY_ENTRIES = 14
    NEVER_OPEN = 15
    """Resources of which a guest never gets one: terminals, sockets."""
    NETWORK = 16
    FIELDS = 17
    INCOMING_REQUEST = 18
    OUTGOING_REQUEST = 19
    REQUEST_OPTIONS = 20
    RESPONSE_OUT = 21
    INCOMING_RESPONSE = 22
    OUTGOING_RESPONSE = 23
    INCOMING_BODY = 24
    OUTGOING_BODY = 25
    FUTURE_RESPONSE = 26
    FUTURE_TRAILERS = 27
    OUTGOING_VALUE = 28
    INCOMING_VALUE = 29
    CONTAINER = 30
    OBJECT_NAMES = 31
    SERIAL_PORT = 32


@dataclass(frozen=True)
class Taken:
    """Marks an argument whose handle the guest gives away (`own`), to an object of type `kind`."""

    kind: type


def bind(instance: LinkerInstance, context: GuestContext, name: str, function: HostFunction) -> None:
    """Offer `function` to the guest as `name`; it gets the guest's arguments alone."""

    def call(_store: object, *arguments: Any) -> Any:
        return _guard(context, name, function, arguments)

    instance.add_func(name, call)


def bind_passing(
    instance: LinkerInstance, context: GuestContext, name: str, function: Callable[[Values], None]
) -> None:
    """Offer a function that passes the guest's arguments on where they lie in memory."""

    def call(values: Values) -> None:
        _guard(context, name, function, (values,))

    add_passing(instance, name, call)


def bind_with_objects(
    instance: LinkerInstance, context: GuestContext, name: str, kind: type, function: HostFunction
) -> None:
    """Offer a function whose first argument is a handle, or a list of handles, to objects of type `kind`."""

    def call(store: Any, handles: Any, *arguments: Any) -> Any:
        def with_objects() -> Any:
            if isinstance(handles, list):
                found: Any = [_object(store, context, handle, kind) for handle in handles]
            else:
                found = _object(store, context, handles, kind)
            return function(found, *arguments)

        return _guard(context, name, with_objects, ())

    instance.add_func(name, call)


def bind_method(instance: LinkerInstance, context: GuestContext, full: str, kind: type, function: HostFunction) -> None:
    """Offer a method (``resource.name``): `function` gets the object of type `kind` behind the handle first."""
    bind_with_objects(instance, context, f"[method]{full}", kind, function)


def bind_resources(
    instance: LinkerInstance,
    context: GuestContext,
    name: str,
    function: HostFunction,
    kinds: Sequence[type | Taken | None],
) -> None:
    """Offer a function whose arguments are handles as `kinds` says: lent, `Taken`, or None for plain values.

    Arguments beyond `kinds` are plain, and an absent optional handle stays None.
    """

    def call(store: Any, *arguments: Any) -> Any:
        def with_objects() -> Any:
            given = list(arguments)
            for place, kind in enumerate(kinds):
                if kind is not None and given[place] is not None:
                    given[place] = take_object(store, context, given[place], kind)
            return function(*given)

        return _guard(context, name, with_objects, ())

    instance.add_func(name, call)


def bind_with_store(instance: LinkerInstance, context: GuestContext, name: str, function: HostFunction) -> None:
    """Offer a function that gets the store and its arguments as they are, for `take_object`."""

    def call(store: Any, *arguments: Any) -> Any:
        return _guard(context, name, function, (store, *arguments))

    instance.add_func(name, call)


def take_object(store: Any, context: GuestContext, handle: Any, kind: type | Taken) -> Any:
    """The object behind a handle; one that is `Taken` is the guest's no more."""
    if isinstance(kind, type):
        return _object(store, context, handle, kind)
    with handle:
        return context.handles.take(handle.to_host(store).rep, kind.kind)


def bind_resource(instance: LinkerInstance, context: GuestContext, name: str, number: ResourceNumber) -> None:
    """Offer the resource type `name`."""

    def drop(_store: object, handle: int) -> None:
        context.handles.drop(handle)

    instance.add_resource(name, ResourceType.host(number), drop)


def new_handle(context: GuestContext, number: ResourceNumber, resource: object) -> ResourceHost:
    """An owned handle for the guest to `resource`, of the resource type `number`."""
    return ResourceHost.own(context.handles.add(resource), number)


def ok(value: object = None) -> Variant:
    """The good case of a WIT result, whatever its types."""
    return Variant("ok", value)


def err(value: object = None) -> Variant:
    """The bad case of a WIT result, whatever its types."""
    return Variant("err", value)


NONE = Variant("none")
"""The absent case of a WIT option, whatever its type."""


def some(value: object) -> Variant:
    """The present case of a WIT option, whatever its type."""
    return Variant("some", value)


def record(**fields: object) -> Record:
    """A WIT record; underscores stand for the hyphens of its field names."""
    result = Record()
    for name, value in fields.items():
        setattr(result, name.replace("_", "-"), value)
    return result


def _object(store: Any, context: GuestContext, handle: Any, kind: type) -> Any:
    with handle:
        number = handle.to_host(store).rep
    return context.handles.get(number, kind)


def _guard(context: GuestContext, name: str, function: HostFunction, arguments: tuple[Any, ...]) -> Any:
    context.begin_host_call()
    try:
        return function(*arguments)
    except StopError as stop:
        context.stopped_by = stop
    except wasmtime.WasmtimeError:
        raise
    except BaseException as error:  # a host's mistake must not end the process nor reach another guest
        context.stopped_by = StopError("error", f"host function {name} failed: {error!r}")
    raise wasmtime.WasmtimeError(str(context.stopped_by))
