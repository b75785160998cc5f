"""From the triggers of a descriptor to calls of a component.

A message or an edge that finds no room in the queue is dropped; schedules have rules of their own
(`edge_host.scheduler`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_host.guest import Call
from edge_host.interfaces.messaging import broker_message
from edge_host.messages import Message
from edge_host.routes import Handler
from edge_host.schedule_log import Key
from edge_host.scheduler import RUN, Offer, Scheduler
from wire.descriptor import Component
from wire.errors import RefusedError
from wire.interfaces import EDGE_HANDLER, MESSAGE_HANDLER, SERVICE
from wire.refusals import Refusal
from wire.triggers import AtStart, Calendar, EdgeKind, Every, HttpRoute, InputEdge, MessageFilter, Service

if TYPE_CHECKING:
    from edge_host.runner import Host

__all__ = ["RUN", "SERVE", "START", "Triggers"]

SERVE = Call(SERVICE.full_name, "run")
START = Call(RUN.interface, RUN.function)
"""The run at the start, told apart from others by being this very object."""


@dataclass(frozen=True)
class Ways:
    """Where calls go: messages and edges to `queue`, runs of schedules to `offer`, HTTP requests to `request`."""

    queue: Callable[[Call], None]
    """May be used from any thread."""
    offer: Offer
    request: Handler


class Triggers:
    """The triggers of one component, from `start` to `close`, as often as wanted."""

    def __init__(self, workload: str, component: Component, host: Host, ways: Ways) -> None:
        self._workload = workload
        self._component = component
        self._host = host
        self._queue = ways.queue
        self._ways = ways
        self._was_started = False
        self._ends: list[Callable[[], None]] = []

    def start(self) -> None:
        """Begin; raises `RefusedError` for an input that this host does not have."""
        for trigger in self._component.triggers:
            match trigger:
                case Every() | Calendar():
                    self._schedule(trigger)
                case InputEdge():
                    self._watch(trigger)
                case MessageFilter():
                    self._subscribe(trigger)
                case AtStart() if not self._was_started:
                    self._queue(START)
                case Service() if not self._was_started:
                    self._queue(SERVE)
                case HttpRoute():
                    self._ends.append(self._host.routes.add(trigger.host, trigger.path, self._ways.request))
        self._was_started = True

    def close(self) -> None:
        """End all of them; what waits in the queue stays there."""
        ends, self._ends = self._ends, []
        for end in ends:
            end()

    def _schedule(self, trigger: Every | Calendar) -> None:
        key = Key(self._workload, self._component.name, str(trigger))
        scheduler = Scheduler(trigger, key, self._host.schedules, self._host.clock, self._ways.offer)
        self._ends.append(scheduler.close)
        scheduler.start()

    def _watch(self, trigger: InputEdge) -> None:
        pin = self._host.labels.pin(trigger.label)
        if pin is None:
            raise RefusedError(Refusal.NO_SUCH_LABEL, f"{trigger.label}: no input under that label here")

        def changed(high: bool) -> None:
            if trigger.edge is EdgeKind.ANY or high == (trigger.edge is EdgeKind.RISING):
                self._queue(Call(EDGE_HANDLER.full_name, "edge", (trigger.label, high)))

        self._ends.append(pin.watch(changed))

    def _subscribe(self, trigger: MessageFilter) -> None:
        def received(message: Message) -> None:
            arguments = (broker_message(message),)
            self._queue(Call(MESSAGE_HANDLER.full_name, "handle-message", arguments, reply_to=message.reply_to))

        self._ends.append(self._host.bus.subscribe(trigger.subjects, received))
