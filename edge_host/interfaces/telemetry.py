"""``petiole:telemetry/telemetry@0.1.0``: measurements for the fleet, durable once the call returned no error."""

from __future__ import annotations

import math

from wasmtime.component import LinkerInstance

from edge_host.errors import OutboxFullError
from edge_host.interfaces.adapter import bind
from edge_host.interfaces.context import GuestContext
from wire import senml

INVALID, RATE_LIMITED, FULL = "invalid", "rate-limited", "full"
LONGEST_NAME = 32
"""Bytes of a name, and of a unit."""
LONGEST_TEXT = 256
OVERHEAD = 32
"""What a record costs besides its texts: field labels, time and number."""


def send(context: GuestContext, name: str, unit: str, value: float | str | bool) -> str | None:
    """Keep a measurement; gives the name of the WIT error, or None when it is kept."""
    text = len(value.encode()) if isinstance(value, str) else 0
    texts = len(name.encode()) + len(unit.encode()) + text
    context.spend(texts)
    if len(name) > LONGEST_NAME or not senml.is_name(name) or text > LONGEST_TEXT:
        return INVALID
    if len(unit) > LONGEST_NAME or not all("!" <= letter <= "~" for letter in unit):
        return INVALID
    if isinstance(value, float) and not math.isfinite(value):
        return INVALID
    if not context.take_message() or not context.take_telemetry(OVERHEAD + texts):
        return RATE_LIMITED
    try:
        context.sink.measure(name, unit, value)
    except OutboxFullError:
        return FULL
    return None


def link(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer the interface to a guest."""
    bind(instance, context, "send-number", lambda name, unit, value: send(context, name, unit, value))
    bind(instance, context, "send-text", lambda name, value: send(context, name, "", value))
    bind(instance, context, "send-boolean", lambda name, value: send(context, name, "", value))
