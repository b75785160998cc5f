"""``wasi:clocks/monotonic-clock@0.2.0``: nanoseconds since some start, never going back."""

from __future__ import annotations

import time

from wasmtime.component import LinkerInstance

from edge_host.interfaces.adapter import bind
from edge_host.interfaces.context import GuestContext


def now() -> int:
    """The clock in nanoseconds."""
    return time.monotonic_ns()


def resolution() -> int:
    """One tick of the clock in nanoseconds, at least 1."""
    return max(1, round(time.get_clock_info("monotonic").resolution * 1e9))


def link(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer the interface to a guest."""
    bind(instance, context, "now", now)
    bind(instance, context, "resolution", resolution)
