"""A new instance for each call, and one that is kept: what ends with an instance, and what a stop of a call ends."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from wasmtime.component import Component as WasmComponent

from edge_host.errors import StopError
from edge_host.guest import Guest
from edge_host.isolation import MOST_STOPS
from edge_host.labels import I2cError, Labels
from edge_host.pool import Pool, PoolRules
from edge_host.simulated import SimulatedBus, Tmp105
from edge_host.triggers import RUN
from tests.edge_host import components
from tests.edge_host.bench import Bench
from tests.edge_host.fleet_double import KEPT, Made, make_release
from tests.edge_host.power import Life
from tests.edge_host.test_pool import ALL, Running, new_pool, run
from wire.descriptor import Component, Limits, Probation
from wire.edge_options import EdgeOptions
from wire.messages import Desired
from wire.triggers import AtStart, Concurrency, Every, SchedulePolicy, Trigger

QUICK = Probation(calls=2, seconds=20)
OPENS_A_BUS = components.component(
    "(call $open (i32.const 0) (i32.const 7) (i32.const 512)) (if (i32.load8_u (i32.const 512)) (then unreachable))"
    + components.OK,
    ("open", "write-read"),
    data="i2c-env",
)
BEGINS_TO_WAIT = components.component(
    "(drop (call $subscribe (i64.const 3600000000000)))" + components.OK, ("subscribe", "block")
)


class Sometimes(SimulatedBus):
    """A bus that answers no call whose number `fails` names."""

    def __init__(self, world: Path, fails: Callable[[int], bool]) -> None:
        super().__init__({0x48: Tmp105(world)})
        self._fails = fails
        self._numbers = count()

    def transaction(self, address: int, operations: list[int | bytes]) -> list[bytes]:
        if self._fails(next(self._numbers)):
            raise I2cError("no-acknowledge", "address")
        return super().transaction(address, operations)


def release(number: int, wasm: bytes, *triggers: Trigger, edge: EdgeOptions | None = None) -> Made:
    return make_release("thermometer", wasm, number, every_ms=10, probation=QUICK, triggers=triggers, edge=edge)


def life_of(bench: Bench, folder: Path, *made: Made) -> Life:
    return Life(folder / "state", bench, {each.desired.digest: each.payload for each in made})


def reason(life: Life) -> str:
    entry = life.entry()
    return entry.reason if entry is not None else ""


def stops(life: Life) -> list[str]:
    return [told["reason"] for kind, _, told in life.journal.events if kind == "stop"]


@pytest.mark.parametrize("wasm", [OPENS_A_BUS, BEGINS_TO_WAIT], ids=["bus", "timer"])
def test_what_an_instance_holds_goes_with_it(wasm: bytes, bench: Bench) -> None:
    async def check() -> None:
        fresh = Running(bench, wasm, Every(5))
        await fresh.until(lambda: fresh.good >= 3 * Limits().handles)
        await fresh.stop()
        kept = Running(bench, wasm, Every(5), edge=KEPT)
        with pytest.raises(StopError, match=r"^handles: more than 8 open"):
            await kept.task
        assert kept.good == Limits().handles

    run(check)


def test_instances_leave_no_memory_behind(bench: Bench) -> None:
    pool = new_pool(bench, components.sender(), PoolRules.of(Component("guest")))
    for _ in range(500):
        pool.handle(RUN)
    before = resident()
    for _ in range(10_000):
        assert pool.handle(RUN) is None
    assert resident() - before < 100 * 65_536, "10,000 instances had a memory of 65,536 bytes each"
    assert pool.count().now == 0
    pool.close()


@pytest.mark.parametrize("kibibytes", [192, 2048], ids=["small", "large"])
def test_an_instance_finds_nothing_of_another_one_in_its_memory(kibibytes: int, bench: Bench) -> None:
    looks = "".join(
        f"(if (i32.load (i32.const {at})) (then unreachable)) (i32.store (i32.const {at}) (i32.const -1))"
        for at in (8192, 65_532, 65_536, 131_068)
    )
    grows = "(drop (memory.grow (i32.const 1)))"
    code = WasmComponent(bench.engine, components.component(grows + looks + components.OK))
    limits = Limits(memory=kibibytes << 10)

    def make() -> Guest:
        return Guest(bench.engine, bench.host.ticker, code, bench.context(ALL, limits))

    pool = Pool(make, PoolRules.of(Component("guest")), 1 << 60)
    assert {pool.handle(RUN) for _ in range(50)} == {None}
    pool.close()


@pytest.mark.parametrize("warm", [0, 2, 9])
def test_there_are_never_more_instances_than_calls_at_the_same_time(warm: int, bench: Bench) -> None:
    pool = new_pool(bench, components.waiting(1), PoolRules(3, warm, 3, idle_seconds=60))
    sizes: list[int] = []

    def call(_: int) -> str | None:
        return pool.handle(RUN, lambda _guest: sizes.append(pool.count().now))

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(call, range(200))) == {None}
    assert max(sizes) <= 3
    assert pool.count().now == min(warm, max(sizes))
    pool.close()


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_on_probation_the_first_stop_of_a_call_counts(bench: Bench, tmp_path: Path) -> None:
    bench.host = replace(bench.host, labels=Labels({"i2c-env": Sometimes(bench.world, lambda call: call % 2 == 1)}))
    made = release(1, components.thermometer())
    life = life_of(bench, tmp_path, made)
    asyncio.run(asyncio.wait_for(life.run(lambda: life.is_in("failed", "1.0"), made), 20))
    assert stops(life) == ["trap: unreachable"]


def test_the_calls_of_a_confirmed_release_go_on_after_stops(bench: Bench, tmp_path: Path) -> None:
    def fails(call: int) -> bool:
        return is_confirmed and call % 2 == 1

    is_confirmed = False
    bench.host = replace(bench.host, labels=Labels({"i2c-env": Sometimes(bench.world, fails)}))
    made = release(1, components.thermometer())

    async def check() -> None:
        nonlocal is_confirmed
        life = life_of(bench, tmp_path, made)
        running = asyncio.create_task(life.run(lambda: len(life.journal.measured) >= seen + 30, made))
        seen = 1 << 30
        await life.until(lambda: life.is_in("confirmed", "1.0"))
        is_confirmed, seen = True, len(life.journal.measured)
        await running
        assert stops(life) == ["trap: unreachable"] * len(stops(life))
        assert 1 <= len(stops(life)) <= 8, "no more are told in a minute"
        assert life.journal.states("1.0").count("confirmed") == 1

    asyncio.run(asyncio.wait_for(check(), 20))


@pytest.mark.parametrize(("edge", "most"), [(None, MOST_STOPS), (KEPT, 1)])
def test_stops_without_a_good_call_between_them_stop_the_workload(
    edge: EdgeOptions | None, most: int, bench: Bench, tmp_path: Path
) -> None:
    is_confirmed = False
    calls = 0

    def fails(_call: int) -> bool:
        nonlocal calls
        calls += is_confirmed
        return is_confirmed

    bench.host = replace(bench.host, labels=Labels({"i2c-env": Sometimes(bench.world, fails)}))
    made = release(1, components.thermometer(), edge=edge)

    async def check() -> None:
        nonlocal is_confirmed
        life = life_of(bench, tmp_path, made)
        running = asyncio.create_task(life.run(lambda: is_confirmed and bool(reason(life)), made))
        await life.until(lambda: life.is_in("confirmed", "1.0"))
        is_confirmed = True
        await running
        assert calls == len(stops(life)) == most

    asyncio.run(asyncio.wait_for(check(), 20))


def test_a_start_that_traps_is_no_matter_of_the_call_alone(bench: Bench, tmp_path: Path) -> None:
    made = make_release(
        *("thermometer", components.thermometer(address=0x49)),
        every_ms=3_600_000,
        triggers=(AtStart(),),
        probation=replace(QUICK, calls=1),
    )
    life = life_of(bench, tmp_path, made)
    asyncio.run(asyncio.wait_for(life.run(lambda: life.is_in("failed", "1.0"), made), 20))
    assert stops(life) == ["trap: unreachable"]


def test_a_release_is_replaced_and_removed_while_its_calls_run(bench: Bench, tmp_path: Path) -> None:
    overlapping = Every(20, SchedulePolicy(Concurrency.ALLOW))
    waiting = make_release(
        *("thermometer", components.waiting(3_600_000)),
        every_ms=3_600_000,
        triggers=(overlapping,),
        grants=ALL,
        probation=Probation(calls=0, seconds=20),
    )
    after = release(2, components.sender())

    async def check() -> None:
        life = life_of(bench, tmp_path, waiting, after)
        await life.workloads.start()
        await life.workloads.desired(Desired(2, (waiting.desired,)).encode())
        await life.until(lambda: outcomes(bench).count("running") >= 4)
        await life.workloads.desired(Desired(3, (after.desired,)).encode())
        await life.until(lambda: life.is_in("confirmed", "2.0") and len(life.journal.measured) >= 5)
        await life.until(lambda: "running" not in outcomes(bench))
        await life.workloads.desired(Desired(4, ()).encode())
        assert life.entry() is None
        await life.workloads.stop()
        life.store.close()

    asyncio.run(asyncio.wait_for(check(), 20))


def outcomes(bench: Bench) -> list[str]:
    return [run["outcome"] for run in bench.host.schedules.runs("thermometer") if "20 ms" in str(run)]
