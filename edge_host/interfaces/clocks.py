"""``wasi:clocks`` monotonic and wall clock @0.2.0, and ``petiole:clock/synchronization@0.1.0``."""

from __future__ import annotations

import time
from typing import Literal

from wasmtime.component import LinkerInstance, Record, ResourceHost

from edge_host import kernel_clock
from edge_host.interfaces.adapter import bind, record
from edge_host.interfaces.context import GuestContext
from edge_host.interfaces.poll import Pollable, new_pollable

SECOND = 1_000_000_000


def resolution(clock: Literal["monotonic", "time"]) -> int:
    """One tick of a clock of Python's `time` in nanoseconds, at least 1."""
    return max(1, round(time.get_clock_info(clock).resolution * SECOND))


def datetime(nanoseconds: int) -> Record:
    """The WIT record of a time or a span."""
    seconds, rest = divmod(nanoseconds, SECOND)
    return record(seconds=seconds, nanoseconds=rest)


def status() -> Record | None:
    """How right the wall clock is; None when it was never set."""
    accuracy = kernel_clock.accuracy()
    return None if accuracy is None else record(uncertainty=accuracy.uncertainty, age=accuracy.age)


def link_monotonic(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:clocks/monotonic-clock`` to a guest."""

    def subscribe(due: int) -> ResourceHost:
        return new_pollable(context, Pollable(due=due))

    bind(instance, context, "now", time.monotonic_ns)
    bind(instance, context, "resolution", lambda: resolution("monotonic"))
    bind(instance, context, "subscribe-instant", subscribe)
    bind(instance, context, "subscribe-duration", lambda span: subscribe(time.monotonic_ns() + span))


def link_wall(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:clocks/wall-clock`` to a guest."""
    bind(instance, context, "now", lambda: datetime(time.time_ns()))
    bind(instance, context, "resolution", lambda: datetime(resolution("time")))


def link_synchronization(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``petiole:clock/synchronization`` to a guest."""
    bind(instance, context, "status", status)
