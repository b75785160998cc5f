"""Instances of a component: new for each call, kept warm, dropped; calls side by side, and calls that are stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from wasmtime.component import Component as WasmComponent

from edge_host import runner
from edge_host.errors import StopError
from edge_host.guest import Guest
from edge_host.isolation import Spares
from edge_host.pool import Pool, PoolRules
from edge_host.runner import Part, check_parts, run_workload
from edge_host.triggers import RUN
from tests.edge_host import components
from tests.edge_host.bench import Bench, Recorder
from tests.edge_host.fleet_double import GRANTS, KEPT
from tests.edge_host.test_running import Timed
from wire.descriptor import Component, Grant, Limits
from wire.edge_options import EdgeOptions
from wire.interfaces import CLOCK
from wire.triggers import (
    AtStart,
    Calendar,
    Concurrency,
    Every,
    HttpRoute,
    MessageFilter,
    SchedulePolicy,
    Service,
    Trigger,
)

ALL = {**GRANTS, CLOCK.full_name: Grant()}
UNLIMITED = Limits(fuel_per_call=1 << 60, fuel_per_second=1 << 60, messages_per_second=1000)


def new_pool(bench: Bench, wasm: bytes, rules: PoolRules) -> Pool:
    code = WasmComponent(bench.engine, wasm)

    def make() -> Guest:
        return Guest(bench.engine, bench.host.ticker, code, bench.context(ALL))

    pool = Pool(make, rules, 1 << 60)
    pool.prepare()
    return pool


class Running:
    """One workload of one component that runs until it is stopped."""

    def __init__(
        self,
        bench: Bench,
        wasm: bytes,
        *triggers: Trigger,
        edge: EdgeOptions | None = None,
        limits: Limits = UNLIMITED,
        spares: Spares = lambda _stop: False,
    ) -> None:
        self.sink = Timed()
        self.host = bench.host
        described = Component("guest", ALL, limits, {}, triggers, edge)
        code = WasmComponent(bench.engine, wasm)
        check_parts(bench.engine, [code], [described])
        part = Part(code, described, self.sink)
        self.good = 0
        workload = runner.Running(bench.host, "running", [part], self._called, spares)
        self.task = asyncio.create_task(workload.run())

    def _called(self, _part: Part, error: str | None) -> None:
        self.good += error is None

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait until `done`; fails when the workload ends before."""
        while not done():
            assert not self.task.done(), self.task.result()
            await asyncio.sleep(0.01)

    def outcomes(self) -> list[str]:
        return [run["outcome"] for run in self.host.schedules.runs("running")]

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


def run(test: Callable[[], object]) -> None:
    asyncio.run(asyncio.wait_for(test(), 30))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("edge", "triggers", "rules"),
    [
        (None, (Every(50),), PoolRules(16, 0, 1, 0, 60.0)),
        (EdgeOptions(pool_size=3), (Service(),), PoolRules(1, 1, 1)),
        (EdgeOptions(pool_size=1), (HttpRoute("*", "/"),), PoolRules(1, 1, 1)),
        (EdgeOptions(pool_size=1, max_invocations=9), (Every(50),), PoolRules(1, 1, 1, 9)),
        (EdgeOptions(pool_size=1, max_concurrency=2), (Every(50),), PoolRules(2, 1, 2, 0, 60.0)),
        (None, (HttpRoute("*", "/"),), PoolRules(16, 0, 1, 0, 60.0)),
        (None, (Calendar("* * * * *", None, SchedulePolicy(Concurrency.ALLOW)),), PoolRules(16, 0, 1, 0, 60.0)),
        (EdgeOptions(), (Every(50),), PoolRules(16, 0, 1, 0, 60.0)),
        (EdgeOptions(pool_size=20), (HttpRoute("*", "/"),), PoolRules(20, 20, 1, 0, 60.0)),
        (
            EdgeOptions(pool_size=2, max_invocations=9, max_concurrency=4),
            (MessageFilter("a"),),
            PoolRules(4, 2, 4, 9, 60.0),
        ),
    ],
)
def test_what_a_descriptor_asks_for(edge: EdgeOptions | None, triggers: tuple[Trigger, ...], rules: PoolRules) -> None:
    assert PoolRules.of(Component("guest", triggers=triggers, edge=edge)) == rules


def test_what_is_remembered_stays_with_a_pool_of_one_as_on_a_board(bench: Bench) -> None:
    async def check() -> None:
        guest = Running(bench, components.trapping(3), Every(5), edge=KEPT)
        with pytest.raises(StopError, match=r"^trap: unreachable$"):
            await guest.task
        assert guest.good == 3

    run(check)


@pytest.mark.parametrize("edge", [None, EdgeOptions(), EdgeOptions(environment={"A": "b"})])
def test_each_call_has_a_new_instance(edge: EdgeOptions | None, bench: Bench) -> None:
    async def check() -> None:
        guest = Running(bench, components.trapping(1), Every(5), edge=edge)
        await guest.until(lambda: guest.good >= 5)
        await guest.stop()

    run(check)


def test_warm_instances_are_called_again_until_their_last_invocation(bench: Bench) -> None:
    pool = new_pool(bench, components.trapping(3), PoolRules(4, 2, 1, max_invocations=3, idle_seconds=60))
    for _ in range(10):
        assert pool.handle(RUN) is None
        assert pool.count().now <= 2
    pool.close()
    lasting = new_pool(bench, components.trapping(3), PoolRules(4, 2, 1, idle_seconds=60))
    with pytest.raises(StopError, match="unreachable"):
        for _ in range(4):
            lasting.handle(RUN)
    assert lasting.count().now == 0
    assert lasting.handle(RUN) is None, "one that was stopped is not used again"
    lasting.close()


def test_idle_instances_are_dropped_and_made_again(bench: Bench) -> None:
    pool = new_pool(bench, components.idle(), PoolRules(4, 2, 1, idle_seconds=3600))
    pool.handle(RUN)
    pool.drop_idle()
    assert pool.count().now == 1
    pool.rules = PoolRules(4, 2, 1, idle_seconds=0)
    pool.drop_idle()
    assert pool.count().now == 0
    assert pool.handle(RUN) is None
    pool.close()


def test_fuel_of_all_instances_is_that_of_the_component(bench: Bench) -> None:
    pool = Pool(
        lambda: Guest(
            *(bench.engine, bench.host.ticker, WasmComponent(bench.engine, components.idle()), bench.context(ALL))
        ),
        *(PoolRules(4, 0, 1), 1),
    )
    before = time.monotonic()
    pool.handle(RUN)
    first = pool.rested_at
    pool.handle(RUN)
    assert first > before
    assert pool.rested_at - first == pytest.approx(first - before, abs=1.0), "the second call adds as much"
    pool.close()


def test_rates_of_all_instances_are_those_of_the_component(bench: Bench) -> None:
    async def check() -> None:
        limits = Limits(messages_per_second=1, fuel_per_second=1 << 60)
        guest = Running(bench, components.logger("hello"), Every(5), edge=EdgeOptions(), limits=limits)
        begun = time.monotonic()
        await guest.until(lambda: guest.good >= 20)
        assert len(guest.sink.lines) <= 1 + time.monotonic() - begun
        assert guest.sink.limits == [("messages-per-second", 1)]
        await guest.stop()

    run(check)


def test_runs_that_may_overlap_wait_at_the_same_time(bench: Bench) -> None:
    async def check() -> None:
        guest = Running(bench, components.waiting(3_600_000), Every(20, SchedulePolicy(Concurrency.ALLOW)))
        await guest.until(lambda: guest.outcomes().count("running") >= 4)
        begun = time.monotonic()
        await guest.stop()
        assert time.monotonic() - begun < 5
        assert set(guest.outcomes()) <= {"stopped: cancelled: the workload is being stopped", "skipped"}

    run(check)


def test_no_more_calls_run_at_once_than_the_descriptor_allows(bench: Bench) -> None:
    async def check() -> None:
        guest = Running(
            *(bench, components.waiting(300), Every(10, SchedulePolicy(Concurrency.ALLOW))),
            edge=EdgeOptions(max_concurrency=2, pool_size=1),
        )
        most = 0
        while guest.good < 4:
            assert not guest.task.done(), guest.task.result()
            most = max(most, guest.outcomes().count("running"))
            await asyncio.sleep(0.01)
        assert most == 2
        await guest.stop()

    run(check)


def test_messages_are_handled_one_after_the_other_unless_more_is_asked_for() -> None:
    assert PoolRules.of(Component("guest", triggers=(MessageFilter("a"),), edge=EdgeOptions())).lanes == 1


def test_a_run_that_computes_on_and_on_is_replaced(bench: Bench) -> None:
    async def check() -> None:
        policy = SchedulePolicy(Concurrency.REPLACE)
        quick = Running(bench, components.sender(), AtStart(), Every(20))
        guest = Running(bench, components.spinning(), Every(100, policy))
        await guest.until(lambda: guest.outcomes().count("replaced") >= 2)
        await guest.stop()
        await quick.until(lambda: quick.good >= 3)
        await quick.stop()
        assert guest.good == 0

    run(check)


def test_a_guest_that_computes_does_not_hold_up_the_end_of_its_workload(bench: Bench) -> None:
    async def check() -> None:
        guest = Running(bench, components.spinning(), AtStart())
        await asyncio.sleep(0.3)
        begun = time.monotonic()
        await guest.stop()
        assert time.monotonic() - begun < 5, "a call may take 10 s"

    run(check)


@pytest.mark.parametrize("edge", [None, KEPT, EdgeOptions(pool_size=2)])
def test_components_call_each_other_through_pools(edge: EdgeOptions | None, bench: Bench) -> None:
    half = "petiole:example/half@0.1.0"
    described = (
        Component("caller", {**ALL, half: Grant(("halver",))}, UNLIMITED, {}, (Every(5),), edge),
        Component("halver", edge=edge),
    )
    codes = [WasmComponent(bench.engine, wasm) for wasm in (components.asking(42), components.halving())]
    sinks = [Recorder(), Recorder()]
    check_parts(bench.engine, codes, described)

    async def check() -> None:
        parts = [Part(*part) for part in zip(codes, described, sinks, strict=True)]
        task = asyncio.create_task(run_workload(bench.host, "pair", parts, lambda _part, _error: None))
        while len(sinks[0].measured) < 5:
            assert not task.done(), task.result()
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])

    run(check)
    assert {value for _, _, value in sinks[0].measured} == {21.0}


@pytest.mark.parametrize(("edge", "runs_on"), [(None, True), (KEPT, False)])
def test_each_call_of_a_peer_has_a_new_instance_too(edge: EdgeOptions | None, runs_on: bool, bench: Bench) -> None:
    half = "petiole:example/half@0.1.0"
    described = (
        Component("caller", {**ALL, half: Grant(("halver",))}, UNLIMITED, {}, (Every(5),), KEPT),
        Component("halver", edge=edge),
    )
    codes = [WasmComponent(bench.engine, wasm) for wasm in (components.asking(42), components.halving_once())]
    sink = Recorder()

    async def check() -> None:
        parts = [Part(code, part, sink) for code, part in zip(codes, described, strict=True)]
        task = asyncio.create_task(run_workload(bench.host, "pair", parts, lambda _part, _error: None))
        while len(sink.measured) < 5 and not task.done():  # noqa: ASYNC110 nobody tells
            await asyncio.sleep(0.01)
        if runs_on:
            task.cancel()
            await asyncio.wait([task])
        else:
            with pytest.raises(StopError, match="unreachable") as stop:
                await task
            assert (stop.value.component, len(sink.measured)) == ("halver", 1)

    run(check)


def test_a_replaced_run_stops_the_peer_that_it_waits_for(bench: Bench) -> None:
    half = "petiole:example/half@0.1.0"
    forever = components.halving_forever()
    described = (
        Component(
            *("caller", {**ALL, half: Grant(("halver",))}, UNLIMITED, {}),
            (Every(100, SchedulePolicy(Concurrency.REPLACE)),),
        ),
        Component("halver", limits=UNLIMITED, edge=EdgeOptions()),
    )
    codes = [WasmComponent(bench.engine, wasm) for wasm in (components.asking(42), forever)]

    async def check() -> None:
        parts = [Part(code, part, Recorder()) for code, part in zip(codes, described, strict=True)]
        task = asyncio.create_task(run_workload(bench.host, "running", parts, lambda _part, _error: None))
        while [run["outcome"] for run in bench.host.schedules.runs("running")].count("replaced") < 2:
            assert not task.done(), task.result()
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])

    run(check)
