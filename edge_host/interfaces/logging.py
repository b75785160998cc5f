"""``wasi:logging/logging@0.1.0-draft``: log lines become events of the device."""

from __future__ import annotations

from wasmtime.component import LinkerInstance

from edge_host.interfaces.adapter import bind
from edge_host.interfaces.context import GuestContext


def log(context: GuestContext, level: str, group: str, message: str) -> None:
    """Keep one line; lines over the message rate are left out, which is told once as a `limit` event."""
    context.spend(len(group.encode()) + len(message.encode()))
    if context.take_message():
        context.sink.log(level, group, message)


def link(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer the interface to a guest."""
    bind(instance, context, "log", lambda level, group, message: log(context, level, group, message))
