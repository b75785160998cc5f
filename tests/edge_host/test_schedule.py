"""When schedules are due, whatever the clock does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_host.schedule import MOST_SPANS, ON_TIME, Agenda, CalendarTimes, Chance, Due, Span, claimed, latest, next_time
from wire.triggers import Calendar, Missed, SchedulePolicy

ONCE = SchedulePolicy(missed=Missed.RUN_ONCE)
SKIP = SchedulePolicy()
MINUTE = 60_000


@dataclass(frozen=True)
class Grid:
    """A slot at each multiple of `step`."""

    step: int

    def after(self, instant: int) -> int | None:
        return (instant // self.step + 1) * self.step


def ms(year: int, month: int, day: int, hour: int, minute: int = 0) -> int:
    return round(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp() * 1000)


def slots(expression: str, zone: str | None, first: int, last: int) -> list[str]:
    """The slots after `first` up to `last`, as they stand on a clock of the zone."""
    times, found, at = CalendarTimes(Calendar(expression, zone)), [], first
    while (slot := times.after(at)) is not None and slot <= last:
        found.append(datetime.fromtimestamp(slot / 1000, ZoneInfo(zone or "UTC")).strftime("%d %H:%M %Z"))
        at = slot
    return found


def test_in_the_hour_that_is_left_out_a_fixed_time_comes_right_after_it() -> None:
    span = ms(2026, 3, 28, 12), ms(2026, 3, 30, 12)
    assert slots("30 2 * * *", "Europe/Berlin", *span) == ["29 03:00 CEST", "30 02:30 CEST"]
    assert slots("15,45 2 * * *", "Europe/Berlin", *span)[:1] == ["29 03:00 CEST"]
    night = ms(2026, 3, 29, 0, 29), ms(2026, 3, 29, 1, 31)
    assert slots("*/30 * * * *", "Europe/Berlin", *night) == ["29 01:30 CET", "29 03:00 CEST", "29 03:30 CEST"]


def test_in_the_hour_that_comes_twice_a_fixed_time_comes_once_and_an_interval_goes_on() -> None:
    span = ms(2026, 10, 24, 12), ms(2026, 10, 26, 12)
    assert slots("30 2 * * *", "Europe/Berlin", *span) == ["25 02:30 CEST", "26 02:30 CET"]
    night = ms(2026, 10, 24, 23, 59), ms(2026, 10, 25, 2)
    assert slots("*/30 * * * *", "Europe/Berlin", *night) == [
        *("25 02:00 CEST", "25 02:30 CEST", "25 02:00 CET", "25 02:30 CET", "25 03:00 CET")
    ]


def test_after_the_first_of_both_hours_the_time_has_passed() -> None:
    within_second_hour = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    assert next_time(Calendar("30 2 * * *", "Europe/Berlin"), within_second_hour) == datetime(
        *(2026, 10, 26, 1, 30), tzinfo=UTC
    )


@given(
    st.sampled_from(["30 2 * * *", "*/20 * * * *", "0 */3 * * *", "5 1-3 * * 0", "15 30 2 * * *"]),
    st.sampled_from([None, "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),
)
def test_slots_go_forward_in_every_zone(expression: str, zone: str | None, when: datetime) -> None:
    times = CalendarTimes(Calendar(expression, zone))
    at = round(when.replace(tzinfo=UTC).timestamp() * 1000)
    for _ in range(8):
        slot = times.after(at)
        assert slot is not None
        assert slot > at
        assert times.after(slot - 1) == slot, "a slot is the same from wherever it is looked for"
        at = slot


@given(st.integers(1, 5_000), st.integers(0, 100_000), st.integers(0, 100_000))
def test_the_latest_slot_is_found_without_a_walk(step: int, low: int, length: int) -> None:
    found = latest(Grid(step), low, low + length)
    expected = (low + length) // step * step
    assert found == (expected if expected > low else None)


def test_each_slot_is_due_once_and_waited_for() -> None:
    agenda = Agenda(Grid(MINUTE), SKIP, 10 * MINUTE + 1)
    assert agenda.wake() == 11 * MINUTE
    assert agenda.look(11 * MINUTE - 1) is None
    assert agenda.look(11 * MINUTE + 3) == Due(11 * MINUTE, Chance.RUN)
    assert agenda.claim(11 * MINUTE)
    assert not agenda.claim(11 * MINUTE)
    assert agenda.look(11 * MINUTE + 4) is None
    assert agenda.wake() == 12 * MINUTE


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (SKIP, Chance.MISSED),
        (ONCE, Chance.RUN),
        (SchedulePolicy(start_deadline=3 * MINUTE), Chance.RUN),
        (SchedulePolicy(start_deadline=2 * MINUTE - 1), Chance.MISSED),
    ],
)
def test_a_step_over_many_slots_makes_one_run_or_none(policy: SchedulePolicy, expected: Chance) -> None:
    agenda = Agenda(Grid(10 * MINUTE), policy, MINUTE)
    assert agenda.look(1002 * MINUTE) == Due(1000 * MINUTE, expected)
    assert agenda.look(1003 * MINUTE) is None


def test_after_a_step_back_nothing_runs_twice_and_new_slots_do() -> None:
    agenda = Agenda(Grid(MINUTE), SKIP, 0)
    for minute in range(1, 6):
        due = agenda.look(minute * MINUTE)
        assert due == Due(minute * MINUTE, Chance.RUN)
        agenda.claim(due.slot)
    assert agenda.spans == ((MINUTE, 5 * MINUTE),)
    assert agenda.look(2 * MINUTE) is None
    assert agenda.wake() == 6 * MINUTE
    assert agenda.look(4 * MINUTE + 5) is None
    assert agenda.look(6 * MINUTE) == Due(6 * MINUTE, Chance.RUN)


def test_a_clock_that_was_wrong_by_years_does_not_silence_a_schedule() -> None:
    agenda = Agenda(Grid(MINUTE), ONCE, 0)
    century = 100 * 365 * 24 * 60 * MINUTE
    due = agenda.look(century)
    assert due is not None
    agenda.claim(due.slot)
    assert agenda.look(MINUTE - 1) is None
    assert agenda.look(MINUTE) == Due(MINUTE, Chance.RUN)


@dataclass(frozen=True)
class Step:
    """The agent runs on for `pass_by` ms, then its clock jumps, then it may be killed or started again."""

    pass_by: int
    jump: int
    restart: bool


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.builds(
            Step, st.integers(0, 5 * MINUTE), st.sampled_from([0, 0, -70_000, 190_000, -1_000, 30_000]), st.booleans()
        ),
        max_size=30,
    ),
    st.sampled_from([1_000, 7_000, 60_000]),
    st.sampled_from([SKIP, ONCE, SchedulePolicy(start_deadline=5_000)]),
    st.integers(500, 30_000),
)
def test_no_slot_runs_twice(steps: list[Step], grid: int, policy: SchedulePolicy, nap: int) -> None:
    now = 1_000 * MINUTE
    stored: tuple[int, tuple[Span, ...]] = (now, ())
    agenda = Agenda(Grid(grid), policy, *stored)
    ran: list[int] = []
    for step in steps:
        end = now + step.pass_by
        while now < end:
            wake = agenda.wake()
            assert wake is not None
            assert claimed(agenda.spans, wake) is None
            now = min(max(wake, now + 1), now + nap, end)
            due = agenda.look(now)
            if due is not None and due.chance is Chance.RUN:
                assert agenda.claim(due.slot)
                stored = (agenda.position, agenda.spans)
                ran.append(due.slot)
                assert due.slot <= now
                assert policy.missed is Missed.RUN_ONCE or now - due.slot <= (policy.start_deadline or ON_TIME)
        now += step.jump
        if step.restart:
            agenda = Agenda(Grid(grid), policy, *stored)
    assert len(ran) == len(set(ran))
    assert len(agenda.spans) <= MOST_SPANS


def test_a_day_without_jumps_runs_each_slot_once() -> None:
    times = CalendarTimes(Calendar("*/10 * * * *", "Europe/Berlin"))
    start = datetime(2026, 10, 24, 22, 1, tzinfo=UTC)
    agenda = Agenda(times, SKIP, round(start.timestamp() * 1000))
    now, ran, end = agenda.position, [], round((start + timedelta(hours=25)).timestamp() * 1000)
    while now < end:
        due = agenda.look(now)
        if due is not None:
            assert due.chance is Chance.RUN
            ran.append(due.slot)
            agenda.claim(due.slot)
        now += 7_000
    assert len(ran) == 25 * 6
    assert len(agenda.spans) == 1
