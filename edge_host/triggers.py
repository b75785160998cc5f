"""From the triggers of a descriptor to calls of a guest, in the order in which they come due.

A trigger that comes due while its last call still waits is not queued again (schedules) or is dropped (edges and
messages, when `MOST_WAITING` calls wait).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

from edge_host.guest import Call
from edge_host.interfaces.messaging import broker_message
from edge_host.labels import Labels
from edge_host.messages import Bus, Message
from wire.descriptor import Component
from wire.errors import RefusedError
from wire.interfaces import EDGE_HANDLER, HANDLER, MESSAGE_HANDLER, SERVICE
from wire.refusals import Refusal
from wire.triggers import AtStart, Calendar, EdgeKind, Every, InputEdge, MessageFilter, Service, Trigger

MOST_WAITING = 8
LONGEST_SLEEP = 30.0
"""Seconds after which the wall clock is looked at again: it may have been set."""
LATEST_START = 60.0
"""Seconds after which a missed time of a calendar is not made up for."""

RUN = Call(HANDLER.full_name, "run")
SERVE = Call(SERVICE.full_name, "run")


class Calls:
    """The calls that wait for one guest. Belongs to the event loop's thread but for `offer_soon`."""

    def __init__(self, dropped: Callable[[int], None]) -> None:
        """`dropped` is told how many calls found no room, once there is room again."""
        self._tell_dropped = dropped
        self._dropped = 0
        self._waiting: deque[tuple[Trigger, Call]] = deque()
        self._wanted = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def offer(self, trigger: Trigger, call: Call, *, once: bool = False) -> None:
        """Queue a call; with `once` not again while one of the same trigger waits."""
        if once and any(other is trigger for other, _ in self._waiting):
            return
        if len(self._waiting) >= MOST_WAITING:
            self._dropped += 1
            return
        self._waiting.append((trigger, call))
        self._wanted.set()

    def offer_soon(self, trigger: Trigger, call: Call) -> None:
        """Queue a call, from any thread."""
        self._loop.call_soon_threadsafe(self.offer, trigger, call)

    async def next(self) -> Call:
        """The call that waits longest, once there is one."""
        while not self._waiting:
            self._wanted.clear()
            await self._wanted.wait()
        if self._dropped:
            self._tell_dropped(self._dropped)
            self._dropped = 0
        return self._waiting.popleft()[1]


class Triggers:
    """The triggers of one component, feeding its `Calls` from `start` to `close`."""

    def __init__(self, component: Component, labels: Labels, bus: Bus, calls: Calls) -> None:
        self._component = component
        self._labels = labels
        self._bus = bus
        self._calls = calls
        self._tasks: list[asyncio.Task[None]] = []
        self._ends: list[Callable[[], None]] = []

    def start(self) -> None:
        """Begin; raises `RefusedError` for an input that this host does not have."""
        for trigger in self._component.triggers:
            match trigger:
                case Every():
                    self._spawn(self._every(trigger))
                case Calendar():
                    self._spawn(self._calendar(trigger))
                case InputEdge():
                    self._watch(trigger)
                case MessageFilter():
                    self._subscribe(trigger)
                case AtStart():
                    self._calls.offer(trigger, RUN)
                case Service():
                    self._calls.offer(trigger, SERVE)

    def close(self) -> None:
        """End all of them."""
        for task in self._tasks:
            task.cancel()
        for end in self._ends:
            end()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _every(self, trigger: Every) -> None:
        loop = asyncio.get_running_loop()
        interval = trigger.interval / 1000
        due = loop.time() + interval
        while True:
            await asyncio.sleep(due - loop.time())
            self._calls.offer(trigger, RUN, once=True)
            due += interval * (1 + max(0.0, loop.time() - due) // interval)

    async def _calendar(self, trigger: Calendar) -> None:
        last = datetime.now(UTC)
        while True:
            due = next_time(trigger, last)
            while (left := due.timestamp() - time.time()) > 0:
                if time.time() < last.timestamp() - LATEST_START:  # the clock was set back
                    last = datetime.now(UTC)
                    break
                await asyncio.sleep(min(left, LONGEST_SLEEP))
            else:
                last = due
                if left > -LATEST_START:
                    self._calls.offer(trigger, RUN, once=True)

    def _watch(self, trigger: InputEdge) -> None:
        pin = self._labels.pin(trigger.label)
        if pin is None:
            raise RefusedError(Refusal.NO_SUCH_LABEL, f"{trigger.label}: no input under that label here")

        def changed(high: bool) -> None:
            if trigger.edge is EdgeKind.ANY or high == (trigger.edge is EdgeKind.RISING):
                self._calls.offer_soon(trigger, Call(EDGE_HANDLER.full_name, "edge", (trigger.label, high)))

        self._ends.append(pin.watch(changed))

    def _subscribe(self, trigger: MessageFilter) -> None:
        def received(message: Message) -> None:
            call = Call(
                *(MESSAGE_HANDLER.full_name, "handle-message", (broker_message(message),)), reply_to=message.reply_to
            )
            self._calls.offer_soon(trigger, call)

        self._ends.append(self._bus.subscribe(trigger.subjects, received))


def next_time(trigger: Calendar, after: datetime) -> datetime:
    """The first time of a calendar after another one, both with a zone.

    Raises `ValueError` for a zone that this machine does not know and for times that never come.
    """
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    from cronsim import CronSim, CronSimError  # noqa: PLC0415

    try:
        zone = ZoneInfo(trigger.zone) if trigger.zone else UTC
        return next(CronSim(trigger.expression, after.astimezone(zone))).astimezone(UTC)
    except KeyError:
        raise ValueError("this host does not know the time zone; is the package tzdata installed?") from None
    except (CronSimError, StopIteration):
        raise ValueError("this never comes") from None
