"""The interfaces this host offers to guests: one module each, plain functions first, then how Wasmtime reaches them."""

from __future__ import annotations

from collections.abc import Callable

from wasmtime.component import LinkerInstance

from edge_host.interfaces import clocks, config_store, gpio, i2c, logging, telemetry
from edge_host.interfaces.context import GuestContext

OFFERED: dict[str, Callable[[LinkerInstance, GuestContext], None]] = {
    "wasi:logging/logging@0.1.0-draft": logging.link,
    "wasi:clocks/monotonic-clock@0.2.0": clocks.link,
    "wasi:config/store@0.2.0-rc.1": config_store.link,
    i2c.I2C: i2c.link_i2c,
    i2c.BUSES: i2c.link_buses,
    gpio.TYPES: gpio.link_types,
    gpio.DIGITAL: gpio.link_digital,
    "petiole:telemetry/telemetry@0.1.0": telemetry.link,
}
"""What a component may import, by its full import name."""
