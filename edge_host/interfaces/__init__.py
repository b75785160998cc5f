"""The interfaces this host offers to guests: one module each, plain functions first, then how Wasmtime reaches them.

The module of an interface is imported when the first guest imports the interface.
"""

from __future__ import annotations

from importlib import import_module

from wasmtime.component import LinkerInstance

from edge_host.interfaces.context import GuestContext
from wire import interfaces as names
from wire.errors import RefusedError
from wire.interfaces import Interface
from wire.refusals import Refusal

_LINKS: dict[Interface, str] = {
    names.IO_ERROR: "streams:link_error",
    names.STREAMS: "streams:link",
    names.ENVIRONMENT: "cli:link_environment",
    names.EXIT: "cli:link_exit",
    names.STDIN: "cli:link_stdin",
    names.STDOUT: "cli:link_stdout",
    names.STDERR: "cli:link_stderr",
    **dict.fromkeys(names.TERMINALS, "cli:link_terminal"),
    names.INSECURE: "random:link_insecure",
    names.INSECURE_SEED: "random:link_insecure_seed",
    names.FILES: "files:link",
    names.PREOPENS: "files:link_preopens",
    **dict.fromkeys(names.SOCKETS, "sockets:link_denied"),
    names.BATCH: "keyvalue:link_batch",
    names.BLOB_TYPES: "blobstore:link_types",
    names.BLOB_CONTAINER: "blobstore:link_container",
    names.BLOBSTORE: "blobstore:link",
    names.HTTP_TYPES: "http_types:link",
    names.OUTGOING_HTTP: "http_outgoing:link",
    names.SERIAL: "serial:link",
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

_BY_ONE_FUNCTION = frozenset({"link_terminal", "link_denied"})
_BY_NAME = {interface.full_name: link for interface, link in _LINKS.items()}


def link(name: str, instance: LinkerInstance, context: GuestContext) -> None:
    """Offer the interface `name` to a guest; one that holds types alone has nothing to offer.

    The few interfaces that one function links together are told apart by the third argument, their name.
    """
    module, _, function = _BY_NAME[name].partition(":")
    if not module:
        return
    try:
        linking = getattr(import_module(f"edge_host.interfaces.{module}"), function)
    except ImportError as error:
        raise RefusedError(Refusal.UNSUPPORTED, f"{name}: this host lacks the Python package {error.name}") from None
    if function in _BY_ONE_FUNCTION:
        linking(instance, context, name)
    else:
        linking(instance, context)
