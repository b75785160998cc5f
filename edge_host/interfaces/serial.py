"""``petiole:serial/ports@0.1.0``: serial ports by label."""

from __future__ import annotations

from collections.abc import Callable

from wasmtime.component import LinkerInstance, Variant

from edge_host.interfaces.adapter import ResourceNumber, bind, bind_method, bind_resource, err, new_handle, ok
from edge_host.interfaces.context import GuestContext
from edge_host.interfaces.poll import Pollable, new_pollable
from edge_host.labels import SerialLine
from wire.interfaces import SERIAL


def open_port(context: GuestContext, label: str) -> SerialLine | str:
    """The port under `label`, now of this guest; an error is the name of its code."""
    if not context.may_open(SERIAL.full_name, label):
        return "not-granted"
    line = context.labels.serial(label)
    if line is None:
        return "no-such-label"
    try:
        return line if line.open(context.signal.notify) else "busy"
    except BlockingIOError:
        return "busy"
    except OSError:
        return "failed"


def read(context: GuestContext, line: SerialLine, most: int) -> bytes:
    """What has arrived, no more than may cross at once."""
    data = line.read(min(most, context.bytes_left))
    context.spend(len(data))
    return data


def write(context: GuestContext, line: SerialLine, data: bytes) -> None:
    """Send all of `data`."""
    context.spend(len(data))
    with context.waiting():
        line.write(data)


def link(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer the interface to a guest."""

    def open_label(label: str) -> Variant:
        found = open_port(context, label)
        if isinstance(found, str):
            return err(found)
        return ok(new_handle(context, ResourceNumber.SERIAL_PORT, found))

    def method(name: str, action: Callable[..., object]) -> None:
        def call(line: SerialLine, *arguments: object) -> Variant:
            try:
                return ok(action(line, *arguments))
            except OSError:
                return err("failed")

        bind_method(instance, context, f"port.{name}", SerialLine, call)

    bind_resource(instance, context, "pollable", ResourceNumber.POLLABLE)
    bind_resource(instance, context, "port", ResourceNumber.SERIAL_PORT)
    bind(instance, context, "open", open_label)
    method("read", lambda line, most: read(context, line, most))
    method("write", lambda line, data: write(context, line, data))
    method("discard", lambda line: line.discard())
    bind_method(
        *(instance, context, "port.subscribe", SerialLine),
        lambda line: new_pollable(context, Pollable(is_ready=line.waiting)),
    )
