"""Runs of schedules: their rules, and what lasts over a restart and a clock that jumps."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_host import scheduler as module
from edge_host.calls import Pending
from edge_host.schedule_log import MOST_RUNS, UNKEPT, Key, Ledger, Run, ScheduleLog
from edge_host.scheduler import Scheduler
from edge_host.state import StateStore
from edge_host.wall_clock import WallClock
from wire.triggers import Calendar, Concurrency, Every, Missed, SchedulePolicy

MINUTE = 60_000
NOON = 1_800_000_000_000 // MINUTE * MINUTE
KEY = Key("greenhouse", "sensor", "at * * * * * UTC")


class SetClock:
    """A wall clock that stands until somebody sets it."""

    def __init__(self, now: int = NOON + 1) -> None:
        self.time = now
        self.believed = True

    def now(self) -> int:
        return self.time

    def is_set(self) -> bool:
        return self.believed


class Desk:
    """Takes the calls of schedulers and ends them as told."""

    def __init__(self, file: Path, clock: SetClock) -> None:
        self.clock = clock
        self.store = StateStore(file)
        self.log = self.store.schedules
        self.offered: list[tuple[Pending, bool]] = []
        self.begun: list[int] = []
        self.answer = True

    def offer(self, pending: Pending, beside: bool) -> bool:
        if self.answer:
            self.offered.append((pending, beside))
        return self.answer

    def start(self, policy: SchedulePolicy, expression: str = "* * * * *") -> Scheduler:
        scheduler = Scheduler(Calendar(expression, None, policy), KEY, self.log, self.clock, self.offer)
        scheduler.start()
        return scheduler

    async def at(self, time: int, offered: int) -> Pending | None:
        """Set the clock; the last call once so many were offered, and none more in a while."""
        await asyncio.sleep(0.02)
        self.clock.time = time
        for _ in range(200):
            await asyncio.sleep(0.005)
            if len(self.offered) >= offered:
                break
        await asyncio.sleep(0.03)
        assert len(self.offered) == offered, self.runs()
        return self.offered[-1][0] if self.offered else None

    async def good(self, time: int, offered: int) -> None:
        """A run at that time that begins and ends well."""
        pending = await self.at(time, offered)
        assert pending is not None
        assert pending.begin()
        pending.end(None)
        await asyncio.sleep(0)

    def runs(self) -> list[tuple[int, str]]:
        """Minutes after noon and outcomes of the runs that are kept."""
        return [((run["slot"] - NOON) // MINUTE, run["outcome"]) for run in self.log.runs("greenhouse")]


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_SLEEP", 0.005)
    monkeypatch.setattr(module, "CLOCK_CHECK", 0.005)


@pytest.fixture
def desk(tmp_path: Path) -> Callable[[], Desk]:
    """Makes desks on the same state, one at a time: the one before has lost its power."""
    clock = SetClock()
    return lambda: Desk(tmp_path / "state.db", clock)


def run(test: Callable[[], object]) -> None:
    asyncio.run(asyncio.wait_for(test(), 30))  # type: ignore[arg-type]


def test_a_slot_is_on_the_disk_before_its_call(desk: Callable[[], Desk], tmp_path: Path) -> None:
    async def check() -> None:
        here = desk()
        here.start(SchedulePolicy())
        pending = await here.at(NOON + MINUTE, 1)
        assert pending is not None
        assert ScheduleLog(sqlite3.connect(tmp_path / "state.db")).ledger(KEY).spans == ()  # type: ignore[union-attr]
        assert pending.begin()
        kept = ScheduleLog(sqlite3.connect(tmp_path / "state.db")).ledger(KEY)
        assert kept is not None
        assert kept.spans == ((NOON + MINUTE, NOON + MINUTE),)
        again = desk()
        again.start(SchedulePolicy(missed=Missed.RUN_ONCE))
        await again.at(NOON + MINUTE + 1, 0)
        await again.good(NOON + 2 * MINUTE, 1)
        assert again.runs() == [(1, "running"), (2, "good")]

    run(check)


@pytest.mark.parametrize(("missed", "after"), [(Missed.SKIP, [(9, "missed")]), (Missed.RUN_ONCE, [(9, "good")])])
def test_a_restart_over_many_slots_skips_them_or_makes_one_run(
    missed: Missed, after: list[tuple[int, str]], desk: Callable[[], Desk]
) -> None:
    async def check() -> None:
        here = desk()
        first = here.start(SchedulePolicy(missed=missed))
        await here.good(NOON + MINUTE, 1)
        first.close()
        here.store.close()
        here.clock.time = NOON + 9 * MINUTE + 59_999
        again = desk()
        policy = SchedulePolicy(missed=missed, start_deadline=30_000)
        again.start(policy)
        if missed is Missed.RUN_ONCE:
            await again.good(again.clock.time, 1)
        else:
            await again.at(again.clock.time, 0)
        assert again.runs() == [(1, "good"), *after]

    run(check)


def test_a_clock_that_was_never_set_makes_calendars_wait(desk: Callable[[], Desk]) -> None:
    async def check() -> None:
        here = desk()
        here.clock.believed, here.clock.time = False, 1_000 * MINUTE
        here.start(SchedulePolicy(missed=Missed.RUN_ONCE))
        await here.at(1_005 * MINUTE, 0)
        here.clock.time, here.clock.believed = NOON + 1, True
        await here.at(NOON + 2, 0)
        await here.good(NOON + MINUTE, 1)

    run(check)


def test_a_step_back_runs_nothing_twice(desk: Callable[[], Desk]) -> None:
    async def check() -> None:
        here = desk()
        here.start(SchedulePolicy())
        for minute in (1, 2, 3):
            await here.good(NOON + minute * MINUTE, minute)
        await here.at(NOON + 1, 3)
        await here.at(NOON + 3 * MINUTE + 5, 3)
        await here.good(NOON + 4 * MINUTE, 4)

    run(check)


def test_a_run_is_skipped_while_the_one_before_is_not_over(desk: Callable[[], Desk]) -> None:
    async def check() -> None:
        here = desk()
        here.start(SchedulePolicy())
        first = await here.at(NOON + MINUTE, 1)
        assert first is not None
        assert first.begin()
        await here.at(NOON + 2 * MINUTE, 1)
        first.end("no sensor")
        await here.good(NOON + 3 * MINUTE, 2)
        assert here.runs() == [(1, "error: no sensor"), (2, "skipped"), (3, "good")]

    run(check)


def test_runs_that_may_overlap_run_beside_each_other(desk: Callable[[], Desk]) -> None:
    async def check() -> None:
        here = desk()
        here.start(SchedulePolicy(Concurrency.ALLOW))
        first = await here.at(NOON + MINUTE, 1)
        assert first is not None
        assert first.begin()
        await here.good(NOON + 2 * MINUTE, 2)
        assert here.runs() == [(1, "running"), (2, "good")]
        assert [beside for _, beside in here.offered] == [True, True]

    run(check)


def test_a_run_takes_the_place_of_the_one_before(desk: Callable[[], Desk]) -> None:
    class Instance:
        def __init__(self, pending: Pending) -> None:
            self.pending = pending

        def interrupt(self) -> None:
            self.pending.end("ended all the same")

    async def check() -> None:
        here = desk()
        here.start(SchedulePolicy(Concurrency.REPLACE))
        first = await here.at(NOON + MINUTE, 1)
        assert first is not None
        assert first.begin()
        first.lease(Instance(first))
        await here.good(NOON + 2 * MINUTE, 2)
        assert here.runs() == [(1, "replaced"), (2, "good")]

    run(check)


def test_a_run_that_begins_too_late_is_missed(desk: Callable[[], Desk]) -> None:
    async def check() -> None:
        here = desk()
        here.start(SchedulePolicy(start_deadline=10_000))
        pending = await here.at(NOON + MINUTE, 1)
        assert pending is not None
        here.clock.time += 10_001
        assert not pending.begin()
        assert here.runs() == [(1, "missed")]

    run(check)


def test_a_suspended_schedule_makes_no_runs(desk: Callable[[], Desk]) -> None:
    async def check() -> None:
        here = desk()
        here.start(SchedulePolicy(suspended=True))
        await here.at(NOON + 5 * MINUTE, 0)
        assert here.runs() == []

    run(check)


def test_a_run_without_room_is_told_and_its_slot_is_free(desk: Callable[[], Desk]) -> None:
    async def check() -> None:
        here = desk()
        here.answer = False
        here.start(SchedulePolicy())
        await here.at(NOON + MINUTE, 0)
        assert here.runs() == [(1, "skipped")]

    run(check)


def test_a_long_interval_goes_on_after_a_restart_where_that_is_wanted(desk: Callable[[], Desk]) -> None:
    async def check() -> None:
        key = Key("greenhouse", "sensor", "every 3600000 ms")
        policies = {Missed.SKIP: [], Missed.RUN_ONCE: [NOON + 60 * MINUTE]}
        for missed, expected in policies.items():
            here = desk()
            here.log.write(key, Ledger(NOON))
            here.clock.time = NOON + 60 * MINUTE
            Scheduler(*(Every(3_600_000, SchedulePolicy(missed=missed)), key, here.log, here.clock, here.offer)).start()
            await asyncio.sleep(0.05)
            for pending, _ in here.offered:
                assert pending.begin()
            ledger = here.log.ledger(key)
            assert ledger is not None
            assert [run.slot for run in ledger.runs] == expected
            here.store.close()

    run(check)


def test_jitter_puts_runs_off(desk: Callable[[], Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_host.scheduler.lot", lambda: 1.0)

    async def check() -> None:
        here = desk()
        here.start(SchedulePolicy(jitter=150))
        await asyncio.sleep(0.02)
        here.clock.time = NOON + MINUTE
        await asyncio.sleep(0.1)
        assert here.offered == []
        await here.good(NOON + MINUTE, 1)

    run(check)


def test_the_last_runs_are_kept_and_go_with_their_workload(tmp_path: Path) -> None:
    store = StateStore(tmp_path / "state.db")
    for number in range(MOST_RUNS + 5):
        store.schedules.tell(KEY, Run(number, number, number, "good"))
    store.close()
    again = StateStore(tmp_path / "state.db")
    assert [run["slot"] for run in again.schedules.runs("greenhouse")] == list(range(5, MOST_RUNS + 5))
    assert again.schedules.runs("greenhouse")[0] == {
        **{"component": "sensor", "schedule": KEY.schedule, "slot": 5, "started": 5, "ended": 5, "outcome": "good"}
    }
    again.schedules.tell(KEY, Run(NOON, NOON + 2_000, NOON + 2_300, "good"))
    assert again.schedules.shown()[-1] == {
        **{"workload": "greenhouse", "component": "sensor", "schedule": KEY.schedule},
        **{"slot": "2027-01-15T08:00:00Z", "began": "2027-01-15T08:00:02Z", "took_ms": 300, "outcome": "good"},
    }
    again.remove("greenhouse")
    assert again.schedules.runs("greenhouse") == []


def test_without_a_claim_on_the_disk_there_is_no_run(desk: Callable[[], Desk]) -> None:
    async def check() -> None:
        here = desk()
        here.start(SchedulePolicy())
        await here.good(NOON + MINUTE, 1)
        here.log._database.execute("PRAGMA query_only = ON")
        pending = await here.at(NOON + 2 * MINUTE, 2)
        assert pending is not None
        assert not pending.begin()
        here.log._database.execute("PRAGMA query_only = OFF")
        await here.good(NOON + 3 * MINUTE, 3)
        assert here.runs() == [(1, "good"), (2, UNKEPT), (3, "good")]

    run(check)


def test_a_battery_clock_or_a_processor_that_always_has_one_is_believed(tmp_path: Path) -> None:
    assert WallClock(tmp_path, "x86_64").is_set()
    clock = tmp_path / "rtc0" / "since_epoch"
    clock.parent.mkdir()
    clock.write_text("1800000000\n")
    assert WallClock(tmp_path, "aarch64").is_set()


def test_without_a_battery_somebody_has_to_set_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_host.kernel_clock.is_synchronised", lambda: False)
    (tmp_path / "rtc0").mkdir()
    (tmp_path / "rtc0" / "since_epoch").write_text("86\n")
    clock = WallClock(tmp_path, "aarch64")
    assert not clock.is_set()
    monkeypatch.setattr("edge_host.kernel_clock.is_synchronised", lambda: True)
    assert clock.is_set()
    monkeypatch.setattr("edge_host.kernel_clock.is_synchronised", lambda: False)
    assert clock.is_set()
