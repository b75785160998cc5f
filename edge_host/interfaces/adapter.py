"""The one place where host functions meet Wasmtime.

wasmtime-py keeps an exception of a host function in a variable of the whole process, where another thread may find
it. Therefore nothing but `WasmtimeError` leaves a function bound here; what went wrong is kept in the guest's own
context.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import wasmtime
from wasmtime.component import LinkerInstance, ResourceHost, ResourceType

from edge_host.errors import StopError
from edge_host.interfaces.context import GuestContext

HostFunction = Callable[..., Any]


def bind(instance: LinkerInstance, context: GuestContext, name: str, function: HostFunction) -> None:
    """Offer `function` to the guest as `name`; it gets the guest's arguments alone."""

    def call(_store: object, *arguments: Any) -> Any:
        return _guard(context, name, function, arguments)

    instance.add_func(name, call)


def bind_method(instance: LinkerInstance, context: GuestContext, full: str, kind: type, function: HostFunction) -> None:
    """Offer a method (``resource.name``): `function` gets the object of type `kind` behind the handle first."""
    full = f"[method]{full}"

    def call(store: Any, handle: Any, *arguments: Any) -> Any:
        def with_object() -> Any:
            with handle:
                number = handle.to_host(store).rep
            return function(context.handles.get(number, kind), *arguments)

        return _guard(context, full, with_object, ())

    instance.add_func(full, call)


def bind_resource(instance: LinkerInstance, context: GuestContext, name: str, number: int) -> None:
    """Offer the resource type `name`; `number` tells our types apart (section of the interface's module)."""

    def drop(_store: object, handle: int) -> None:
        context.handles.drop(handle)

    instance.add_resource(name, ResourceType.host(number), drop)


def new_handle(context: GuestContext, number: int, resource: object) -> ResourceHost:
    """An owned handle for the guest to `resource`, of the resource type `number`."""
    return ResourceHost.own(context.handles.add(resource), number)


def _guard(context: GuestContext, name: str, function: HostFunction, arguments: tuple[Any, ...]) -> Any:
    try:
        return function(*arguments)
    except StopError as stop:
        context.stopped_by = stop
    except wasmtime.WasmtimeError:
        raise
    except BaseException as error:  # a host's mistake must not end the process nor reach another guest
        context.stopped_by = StopError("error", f"host function {name} failed: {error!r}")
    raise wasmtime.WasmtimeError(str(context.stopped_by))
