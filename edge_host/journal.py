"""Events of one device and the output of its workloads, on their way into the outbox."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from edge_host.errors import OutboxFullError
from edge_host.outbox import EVENT, TELEMETRY, Outbox, Position
from wire import senml
from wire.messages import Event, EventKind, unix_ms

log = logging.getLogger(__name__)


class Journal:
    """Appends events of one device; may be used from any thread."""

    def __init__(self, device: str, outbox: Outbox, wake: Callable[[], None]) -> None:
        self.device = device
        self._outbox = outbox
        self._wake = wake

    def event(
        self,
        kind: str,
        workload: str | None = None,
        version: str | None = None,
        *,
        level: str | None = None,
        context: str | None = None,
        message: str | None = None,
        state: str | None = None,
        reason: str | None = None,
        **stop: Any,
    ) -> Position | None:
        """Append an event; None when the outbox has no room (which it counts and tells later).

        `stop` are the fields that a stop has besides (`wire.messages.Event`).
        """
        event = Event(unix_ms(), str(kind), workload, version or None, level, context, message, state, reason, **stop)
        try:
            position = self._outbox.append(self.device, EVENT, event.encode(), safe=kind != EventKind.LOG)
        except OutboxFullError as error:
            log.error("event %s of %s is not kept: %s", kind, self.device, error)
            return None
        self._wake()
        return position

    def measurement(self, workload: str, name: str, unit: str, value: float | str | bool) -> None:
        """Append a measurement; raises `OutboxFullError`."""
        pack = senml.encode(senml.Measurement(self.device, workload, name, unit, value, time.time()))
        self._outbox.append(self.device, TELEMETRY, pack)
        self._wake()


class WorkloadSink:
    """The `Sink` of one component: everything carries workload and version."""

    def __init__(self, journal: Journal, workload: str, version: str, component: str) -> None:
        self._journal = journal
        self._workload = workload
        self._version = version
        self._component = component

    def log(self, level: str, context: str, message: str) -> None:
        """See `Sink.log`."""
        self._journal.event("log", self._workload, self._version, level=level, context=context, message=message)

    def measure(self, name: str, unit: str, value: float | str | bool) -> None:
        """See `Sink.measure`."""
        self._journal.measurement(self._workload, name, unit, value)

    def limit(self, name: str, value: int) -> None:
        """See `Sink.limit`."""
        self._journal.event(
            "limit",
            *(self._workload, self._version),
            level="warn",
            message=f"component {self._component} reached its limit of {name}: {value}",
        )

    def dropped(self, count: int) -> None:
        """See `Sink.dropped`."""
        self._journal.event(
            *("dropped", self._workload, self._version),
            level="warn",
            message=f"{count} edges or messages for component {self._component}",
        )
