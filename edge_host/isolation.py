"""Whether a call that was stopped ends alone, with its instance, or with its workload (docs/explanation/instances.md).

Alone where the next call has another instance in any case. Not where the instance was the component's only one, nor at
a start or a health probe, whose end the workload as a whole is told, nor after `MOST_STOPS` stops with no good call
between them. Requests over HTTP never count among these: who may ask must not be able to stop a workload for others.
"""

from __future__ import annotations

from collections.abc import Callable

from edge_host.errors import StopError
from edge_host.guest import Call
from wire.interfaces import HTTP_HANDLER, PROBE

MOST_STOPS = 8

Spares = Callable[[StopError], bool]
"""Told of a stop that may end its call alone; whether it does."""


class Isolation:
    """Decides for the calls of one component. Belongs to the event loop's thread but for `went_well`."""

    def __init__(self, start: Call, *, keeps_one: bool, spares: Spares) -> None:
        """`start` is the call that a start trigger makes; `spares` has the last word."""
        self._start = start
        self._keeps_one = keeps_one
        self._spares = spares
        self._in_a_row = 0

    def went_well(self) -> None:
        """A call ended by itself; from any thread."""
        self._in_a_row = 0

    def ends_alone(self, call: Call, stop: StopError) -> bool:
        """Whether the workload goes on after this stop of a call."""
        if self._keeps_one or call is self._start or call.interface == PROBE.full_name:
            return False
        self._in_a_row += call.interface != HTTP_HANDLER.full_name
        return self._in_a_row < MOST_STOPS and self._spares(stop)
