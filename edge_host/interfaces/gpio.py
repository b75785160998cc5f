"""``wasi:gpio/digital@0.2.0``: labelled pins."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from wasmtime.component import LinkerInstance, ResourceHost

from edge_host.interfaces.adapter import ResourceNumber, bind, bind_method, bind_resource, new_handle
from edge_host.interfaces.context import GuestContext
from edge_host.labels import Pin
from wire.interfaces import GPIO, Interface

Found = TypeVar("Found")

RESOURCES = {
    "output-pin": ResourceNumber.OUTPUT_PIN,
    "stateful-output-pin": ResourceNumber.STATEFUL_OUTPUT_PIN,
    "input-pin": ResourceNumber.INPUT_PIN,
}


def open_label(
    context: GuestContext, interface: Interface, label: str, find: Callable[[str], Found | None]
) -> Found | str:
    """What `find` has under `label`, or the text of the WIT error."""
    if not context.may_open(interface.full_name, label):
        return f"not-granted: {label}"
    found = find(label)
    return found if found is not None else f"no-such-label: {label}"


def open_pin(context: GuestContext, label: str) -> Pin | str:
    """The pin under `label`, or the text of the WIT error."""
    return open_label(context, GPIO, label, context.labels.pin)


def attempt(action: Callable[[], bool | None]) -> bool | str | None:
    """Run `action`; an error of the pin becomes the text of the WIT error."""
    try:
        return action()
    except OSError as error:
        return str(error)


def link(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:gpio/digital`` to a guest."""
    outputs = ("output-pin", "stateful-output-pin")
    for resource, number in RESOURCES.items():
        bind_resource(instance, context, resource, number)

    def method(resource: str, name: str, action: Callable[..., bool | None]) -> None:
        bind_method(
            instance, context, f"{resource}.{name}", Pin, lambda pin, *given: attempt(lambda: action(pin, *given))
        )

    for resource in outputs:
        method(resource, "set-low", lambda pin: pin.write(False))
        method(resource, "set-high", lambda pin: pin.write(True))
        method(resource, "set-state", lambda pin, state: pin.write(state == "high"))
    method("stateful-output-pin", "is-set-high", lambda pin: pin.driven())
    method("stateful-output-pin", "is-set-low", lambda pin: not pin.driven())
    method("stateful-output-pin", "toggle", lambda pin: pin.write(not pin.driven()))
    method("input-pin", "is-high", lambda pin: pin.read())
    method("input-pin", "is-low", lambda pin: not pin.read())

    def opener(resource: str) -> Callable[[str], ResourceHost | str]:
        def open_it(label: str) -> ResourceHost | str:
            found = open_pin(context, label)
            if isinstance(found, str):
                return found
            if found.is_input and resource != "input-pin":
                return f"not-an-output: {label}"
            return new_handle(context, RESOURCES[resource], found)

        return open_it

    bind(instance, context, "open-output", opener("output-pin"))
    bind(instance, context, "open-stateful-output", opener("stateful-output-pin"))
    bind(instance, context, "open-input", opener("input-pin"))
