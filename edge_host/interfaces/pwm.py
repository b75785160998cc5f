"""``wasi:gpio/pwm@0.2.0``: labelled outputs with pulse width modulation."""

from __future__ import annotations

from collections.abc import Callable

from wasmtime.component import LinkerInstance, ResourceHost

from edge_host.interfaces.adapter import ResourceNumber, bind, bind_method, bind_resource, new_handle
from edge_host.interfaces.context import GuestContext
from edge_host.interfaces.gpio import open_label
from edge_host.labels import Pwm
from wire.interfaces import PWM


def set_part(pin: Pwm, part: int, whole: int) -> str | None:
    """Be on for `part` of `whole` of the time; gives the text of the WIT error."""
    if not 0 <= part <= whole or whole == 0:
        return f"{part} of {whole} is not a part"
    try:
        pin.set_duty(Pwm.MOST * part // whole)
    except OSError as error:
        return str(error)
    return None


def link(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer the interface to a guest."""

    def open_pin(label: str) -> ResourceHost | str:
        found = open_label(context, PWM, label, context.labels.pwm)
        return found if isinstance(found, str) else new_handle(context, ResourceNumber.PWM_PIN, found)

    def method(name: str, function: Callable[..., object]) -> None:
        bind_method(instance, context, f"pwm-pin.{name}", Pwm, function)

    bind_resource(instance, context, "pwm-pin", ResourceNumber.PWM_PIN)
    method("max-duty-cycle", lambda _pin: Pwm.MOST)
    method("set-duty-cycle", lambda pin, duty: set_part(pin, duty, Pwm.MOST))
    method("set-duty-cycle-fully-off", lambda pin: set_part(pin, 0, 1))
    method("set-duty-cycle-fully-on", lambda pin: set_part(pin, 1, 1))
    method("set-duty-cycle-fraction", set_part)
    method("set-duty-cycle-percent", lambda pin, percent: set_part(pin, percent, 100))
    bind(instance, context, "open", open_pin)
