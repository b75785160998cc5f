"""Makes the runs of one schedule of a component: waits for its times, keeps its rules, and tells what became of each.

`edge_host.schedule` says what is due; here are the waits, the runs that overlap, and the log. A run of a calendar is
claimed in the log before the guest is called, so whatever happens then, its slot is not run again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Protocol

from edge_host import schedule_log
from edge_host.calls import Pending
from edge_host.errors import StopError
from edge_host.guest import Call
from edge_host.lean import lot
from edge_host.schedule import Agenda, CalendarTimes, Chance
from edge_host.schedule_log import Key, Ledger, Run, ScheduleLog
from wire.interfaces import HANDLER
from wire.triggers import Calendar, Concurrency, Every, Missed

RUN = Call(HANDLER.full_name, "run")

LONGEST_SLEEP = 30.0
"""Seconds after which the wall clock is looked at again: it may have been set."""
CLOCK_CHECK = 2.0
"""Seconds between two looks at a clock that nobody has set yet."""
LASTING_INTERVAL = 60_000
"""Milliseconds from which on an interval is counted over restarts, where its policy wants missed runs."""


class Clock(Protocol):
    """The wall clock of this machine (`edge_host.wall_clock`)."""

    def now(self) -> int:
        """Unix time in milliseconds."""

    def is_set(self) -> bool:
        """Whether the time can be believed."""


Offer = Callable[[Pending, bool], bool]
"""Queues a call, beside those that run where the second argument says so; whether there was room."""


class Scheduler:
    """One schedule, from `start` to `close`. Belongs to the event loop's thread."""

    def __init__(self, trigger: Every | Calendar, key: Key, log: ScheduleLog, clock: Clock, offer: Offer) -> None:
        self._trigger = trigger
        self._policy = trigger.policy
        self._key = key
        self._log = log
        self._clock = clock
        self._offer = offer
        self._active: list[Pending] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to wait for its times; a suspended schedule has none."""
        if not self._policy.suspended:
            trigger = self._trigger
            self._spawn(self._interval(trigger) if isinstance(trigger, Every) else self._calendar(trigger))

    def close(self) -> None:
        """Make no more runs; those that began go on."""
        for task in self._tasks:
            task.cancel()

    async def _interval(self, trigger: Every) -> None:
        loop = asyncio.get_running_loop()
        interval = trigger.interval / 1000
        due = loop.time() + self._first_wait(trigger) / 1000
        while True:
            await asyncio.sleep(due - loop.time())
            self._due(self._clock.now(), lasting=self._lasts(trigger))
            due += interval * (1 + max(0.0, loop.time() - due) // interval)

    def _first_wait(self, trigger: Every) -> int:
        ledger = self._log.ledger(self._key) if self._lasts(trigger) and self._clock.is_set() else None
        if ledger is None:
            return trigger.interval
        return min(trigger.interval, max(0, ledger.position + trigger.interval - self._clock.now()))

    def _lasts(self, trigger: Every) -> bool:
        return self._policy.missed is Missed.RUN_ONCE and trigger.interval >= LASTING_INTERVAL

    async def _calendar(self, trigger: Calendar) -> None:
        while not self._clock.is_set():  # noqa: ASYNC110 nobody tells when somebody sets the clock
            await asyncio.sleep(CLOCK_CHECK)
        ledger = self._log.ledger(self._key)
        if ledger is None:
            ledger = Ledger(self._clock.now())
            self._log.write(self._key, ledger)
        agenda = Agenda(CalendarTimes(trigger), self._policy, ledger.position, ledger.spans)
        while True:
            due = agenda.look(self._clock.now())
            if due is not None and due.chance is Chance.MISSED:
                self._tell(Run(due.slot, 0, 0, schedule_log.MISSED))
            elif due is not None:
                self._due(due.slot, agenda)
            wake = agenda.wake()
            left = LONGEST_SLEEP if wake is None else (wake - self._clock.now()) / 1000
            await asyncio.sleep(min(max(left, 0.0), LONGEST_SLEEP))

    def _due(self, slot: int, agenda: Agenda | None = None, *, lasting: bool = False) -> None:
        """Make a run for `slot`, now or after its jitter."""

        def claim(run: Run) -> bool:
            if agenda is not None:
                return self._claim(agenda, run)
            if lasting:
                self._log.write(self._key, (self._log.ledger(self._key) or Ledger(slot)).told(run).at(slot))
            else:
                self._tell(run)
            return True

        if self._policy.jitter or self._policy.concurrency is Concurrency.REPLACE:
            self._spawn(self._later(slot, claim))
        else:
            self._go(slot, claim, self._clock.now())

    async def _later(self, slot: int, claim: Callable[[Run], bool]) -> None:
        seen = self._clock.now()
        if self._policy.jitter:
            await asyncio.sleep(lot() * self._policy.jitter / 1000)
        if self._policy.concurrency is Concurrency.REPLACE and (active := self._running()):
            for pending in active:
                pending.cancel()
            await asyncio.wait([pending.ended for pending in active])
        self._go(slot, claim, seen)

    def _go(self, slot: int, claim: Callable[[Run], bool], seen: int) -> None:
        run = Run(slot, 0, 0, schedule_log.SKIPPED)

        def begins() -> bool:
            nonlocal run
            now = self._clock.now()
            if self._policy.start_deadline and now - max(slot, seen) > self._policy.start_deadline:
                self._tell(Run(slot, 0, 0, schedule_log.MISSED))
                return False
            begun = Run(slot, now, 0, schedule_log.RUNNING)
            if claim(begun):
                run = begun
            return run is begun

        def ended(future: asyncio.Future[str | None]) -> None:
            self._active.remove(pending)
            if run.started:
                self._tell(replace(run, ended=self._clock.now(), outcome=_outcome(future, pending)))

        if self._policy.concurrency is Concurrency.FORBID and self._running():
            claim(run)
            return
        pending = Pending(RUN, begins)
        self._active.append(pending)
        pending.ended.add_done_callback(ended)
        if not self._offer(pending, self._policy.concurrency is Concurrency.ALLOW):
            self._tell(run)
            pending.fail(StopError("dropped", "too many calls wait"))

    def _claim(self, agenda: Agenda, run: Run) -> bool:
        """Take a slot for a run, on the disk; False when it was taken before, or when the disk does not take it."""
        ledger = self._log.ledger(self._key) or Ledger(agenda.position)
        agenda.spans = ledger.spans
        if not agenda.claim(run.slot):
            return False
        kept = self._log.write(self._key, replace(ledger.told(run), position=agenda.position, spans=agenda.spans))
        if not kept:
            agenda.spans = ledger.spans
            self._tell(Run(run.slot, 0, 0, schedule_log.UNKEPT))
        return kept

    def _running(self) -> list[Pending]:
        return [pending for pending in self._active if not pending.ended.done()]

    def _tell(self, run: Run) -> None:
        self._log.tell(self._key, run)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _outcome(future: asyncio.Future[str | None], pending: Pending) -> str:
    if pending.is_cancelled:
        return schedule_log.REPLACED
    error = None if future.cancelled() else future.exception()
    if future.cancelled() or error is not None:
        return f"stopped: {error or 'the workload was stopped'}"
    return schedule_log.GOOD if future.result() is None else f"error: {future.result()}"
