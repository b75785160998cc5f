"""When a calendar schedule is due: pure rules without a clock, a file or a guest.

A **slot** is one time of a calendar, in Unix milliseconds. `Agenda.look` is asked with the wall time whenever somebody
wakes up, and answers with the slot that is due, if any. What may happen to a wall clock is covered by three rules:

- A slot that was claimed never comes again, whatever the clock does: claims are kept as spans of slots that follow
  each other, so a step back finds all of them.
- Of all slots that passed since the last look only the newest can be due: a step forward, a long sleep or a restart
  makes one run at most.
- A slot is **late** when it is older than its start deadline (`ON_TIME` without one). Then it is missed, unless the
  policy wants one run for all that were missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Protocol

from wire.triggers import Calendar, Missed, SchedulePolicy

ON_TIME = 60_000
"""Milliseconds after its time within which a run without a start deadline is not late."""

MOST_SPANS = 16
"""Spans of claimed slots that are kept; the two oldest become one when there are more."""

FIRST_STEP = 1_000

Span = tuple[int, int]


class Times(Protocol):
    """The slots of a schedule."""

    def after(self, instant: int) -> int | None:
        """The first slot later than `instant`; None when none comes any more."""


class Chance(Enum):
    """What became of the newest slot that passed."""

    RUN = "run"
    MISSED = "missed"


@dataclass(frozen=True)
class Due:
    """The newest slot that passed since the last look, and whether it is to run."""

    slot: int
    chance: Chance


class CalendarTimes:
    """The slots of a calendar expression in its time zone."""

    def __init__(self, trigger: Calendar) -> None:
        self._trigger = trigger

    def after(self, instant: int) -> int | None:
        """See `Times.after`; raises `ValueError` for a zone that this machine does not know."""
        try:
            return round(next_time(self._trigger, datetime.fromtimestamp(instant / 1000, UTC)).timestamp() * 1000)
        except NeverError:
            return None
        except (OverflowError, OSError):
            return None


class NeverError(ValueError):
    """A calendar has no further time."""


def next_time(trigger: Calendar, after: datetime) -> datetime:
    """The first time of a calendar after another one, both with a zone.

    Raises `ValueError` for a zone that this machine does not know, `NeverError` for times that never come.
    """
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    from cronsim import CronSim, CronSimError  # noqa: PLC0415

    try:
        zone = ZoneInfo(trigger.zone) if trigger.zone else UTC
    except (KeyError, ValueError, OSError):
        raise ValueError("this host does not know the time zone; is the package tzdata installed?") from None
    try:
        # In the hour that a clock repeats, cronsim names the first of both times even when that has passed.
        return next(time for time in CronSim(trigger.expression, after.astimezone(zone)) if time > after).astimezone(
            UTC
        )
    except (CronSimError, StopIteration):
        raise NeverError("this never comes") from None


def claimed(spans: Sequence[Span], slot: int) -> Span | None:
    """The span that holds `slot`, or None when it is free."""
    return next((span for span in spans if span[0] <= slot <= span[1]), None)


def claim(spans: Sequence[Span], slot: int, times: Times) -> tuple[Span, ...]:
    """The spans with `slot` among them; it joins the one whose last slot comes right before it."""
    grown = [*spans]
    for place, (first, last) in enumerate(spans):
        if first <= slot <= last:
            return tuple(spans)
        if last < slot and times.after(last) == slot:
            grown[place] = (first, slot)
            break
    else:
        grown.append((slot, slot))
    grown.sort()
    while len(grown) > MOST_SPANS:
        grown[:2] = [(grown[0][0], max(grown[0][1], grown[1][1]))]
    return tuple(grown)


def latest(times: Times, low: int, high: int) -> int | None:
    """The last slot later than `low` and not later than `high`."""
    step = FIRST_STEP
    while True:
        start = max(low, high - step)
        slot = times.after(start)
        if slot is not None and slot <= high:
            break
        if start == low:
            return None
        step *= 4
    empty = high
    while empty - start > 1:
        middle = (start + empty) // 2
        later = times.after(middle)
        if later is not None and later <= high:
            start, slot = middle, later
        else:
            empty = middle
    return slot


class Agenda:
    """Follows one schedule through the wall time; `position` and `spans` are what has to last over a restart."""

    def __init__(self, times: Times, policy: SchedulePolicy, position: int, spans: Sequence[Span] = ()) -> None:
        """`position` is the wall time of the last look, `spans` are the slots that were claimed until then."""
        self.position = position
        self.spans = tuple(spans)
        self._times = times
        self._policy = policy

    def look(self, now: int) -> Due | None:
        """The slot that is due at the wall time `now`; what passed before it is never told again."""
        before, self.position = self.position, now
        slot = self._newest_free(before, now) if now > before else None
        if slot is None:
            return None
        late = now - slot > (self._policy.start_deadline or ON_TIME)
        return Due(slot, Chance.MISSED if late and self._policy.missed is Missed.SKIP else Chance.RUN)

    def wake(self) -> int | None:
        """The wall time of the next slot; None when none comes any more."""
        slot = self._times.after(self.position)
        while slot is not None and (span := claimed(self.spans, slot)) is not None:
            slot = self._times.after(span[1])
        return slot

    def claim(self, slot: int) -> bool:
        """Take a slot for a run; False when it was claimed already."""
        if claimed(self.spans, slot) is not None:
            return False
        self.spans = claim(self.spans, slot, self._times)
        return True

    def _newest_free(self, low: int, high: int) -> int | None:
        slot = latest(self._times, low, high)
        while slot is not None and (span := claimed(self.spans, slot)) is not None:
            slot = latest(self._times, low, span[0] - 1) if span[0] - 1 > low else None
        return slot
