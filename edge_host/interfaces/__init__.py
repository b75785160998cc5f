"""The interfaces this host offers to guests: one module each, plain functions first, then how Wasmtime reaches them.

The module of an interface is imported when the first guest imports the interface.
"""

from __future__ import annotations

from importlib import import_module

from wasmtime.component import LinkerInstance

from edge_host.interfaces.context import GuestContext
from wire import interfaces as names
from wire.interfaces import Interface

_LINKS: dict[Interface, str] = {
    names.LOGGING: "logging:link",
    names.CLOCK: "clocks:link_monotonic",
    names.WALL_CLOCK: "clocks:link_wall",
    names.SYNCHRONIZATION: "clocks:link_synchronization",
    names.POLL: "poll:link",
    names.RANDOM: "random:link",
    names.CONFIG: "config_store:link",
    names.KEY_VALUE: "keyvalue:link_store",
    names.ATOMICS: "keyvalue:link_atomics",
    names.I2C: "i2c:link_i2c",
    names.BUSES: "i2c:link_buses",
    names.SPI: "spi:link",
    names.GPIO_TYPES: "",
    names.GPIO: "gpio:link",
    names.GPIO_ASYNC: "gpio_async:link",
    names.PWM: "pwm:link",
    names.MESSAGING_TYPES: "",
    names.MESSAGING: "messaging:link",
    names.TELEMETRY: "telemetry:link",
}

OFFERED = frozenset(interface.full_name for interface in _LINKS)
"""What a component may import from this host, by full import name."""

_BY_NAME = {interface.full_name: link for interface, link in _LINKS.items()}


def link(name: str, instance: LinkerInstance, context: GuestContext) -> None:
    """Offer the interface `name` to a guest; one that holds types alone has nothing to offer."""
    module, _, function = _BY_NAME[name].partition(":")
    if module:
        getattr(import_module(f"edge_host.interfaces.{module}"), function)(instance, context)
