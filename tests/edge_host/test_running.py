"""Components that run beside each other: triggers, waits, services, and limits that hit their own component alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import wasmtime
from wasmtime.component import Component as WasmComponent

from edge_host.errors import StopError
from edge_host.release import check_component
from edge_host.runner import Part, check_parts, in_order, run_workload
from edge_host.schedule import next_time
from edge_host.stops import frame
from edge_host.triggers import RUN
from tests.edge_host import components
from tests.edge_host.bench import Bench, Recorder
from tests.edge_host.fleet_double import GRANTS
from wire.descriptor import Component, Grant, Limits
from wire.errors import RefusedError
from wire.interfaces import CLOCK, TELEMETRY
from wire.refusals import Refusal
from wire.triggers import AtStart, Calendar, EdgeKind, Every, InputEdge, Service, Trigger

ALL = {**GRANTS, CLOCK.full_name: Grant()}


class Running:
    """One workload of one component in an event loop, and what it measured and when."""

    def __init__(self, bench: Bench, wasm: bytes, *triggers: Trigger, limits: Limits | None = None) -> None:
        self.sink = Timed()
        described = Component("guest", ALL, limits or Limits(messages_per_second=1000), {}, triggers)
        code = WasmComponent(bench.engine, wasm)
        check_parts(bench.engine, [code], [described])
        self.errors: list[str | None] = []
        self.task = asyncio.create_task(
            run_workload(
                *(bench.host, "running", [Part(code, described, self.sink)]),
                lambda _part, error: self.errors.append(error),
            )
        )

    async def measured(self, count: int) -> None:
        """Wait until so much was measured."""
        while len(self.sink.measured) < count:
            assert not self.task.done(), self.task.result()
            await asyncio.sleep(0.01)

    async def stop(self) -> float:
        """Cancel it; gives the seconds that took."""
        begun = time.monotonic()
        self.task.cancel()
        await asyncio.wait([self.task])
        return time.monotonic() - begun


class Timed(Recorder):
    """Remembers the times as well."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def measure(self, name: str, unit: str, value: float | str | bool) -> None:
        super().measure(name, unit, value)
        self.times.append(time.monotonic())


def run(test: Callable[[], object]) -> None:
    """Run a test that is a coroutine function, with a time limit."""
    asyncio.run(asyncio.wait_for(test(), 60))  # type: ignore[arg-type]


def test_a_handler_that_waits_holds_nobody(bench: Bench) -> None:
    async def check() -> None:
        waiting = [Running(bench, components.waiting(3_600_000), AtStart()) for _ in range(4)]
        quick = Running(bench, components.sender(), Every(10))
        await quick.measured(20)
        assert not any(guest.sink.measured for guest in waiting)
        assert max([await guest.stop() for guest in [*waiting, quick]]) < 5

    run(check)


def test_a_stuck_guest_is_stopped_by_the_clock_and_the_others_go_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_host.engine.CALL_SECONDS", 1.0)

    async def check() -> None:
        stuck = [
            Running(bench, components.spinning(), AtStart(), limits=Limits(fuel_per_call=1 << 60)) for _ in range(2)
        ]
        quick = Running(bench, components.sender(), Every(20))
        for guest in stuck:
            with pytest.raises(StopError, match=r"^fuel: the call took too long by the clock$") as stop:
                await guest.task
            assert stop.value.component == "guest"
        assert len(quick.sink.measured) >= 3
        await quick.stop()

    run(check)


def test_waiting_does_not_count_as_computing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_host.engine.CALL_SECONDS", 0.2)

    async def check() -> None:
        guest = Running(bench, components.waiting(600), AtStart())
        await guest.measured(1)
        await guest.stop()

    run(check)


def test_a_service_stays_and_ends_with_its_workload(bench: Bench) -> None:
    async def check() -> None:
        service = Running(bench, components.service(20), Service())
        await service.measured(5)
        assert await service.stop() < 5
        short = Running(bench, components.service(1, rounds=2), Service())
        with pytest.raises(StopError, match=r"^error: the service ended$"):
            await short.task

    run(check)


def test_a_service_is_slowed_to_its_refill_and_stopped_only_without_a_wait(bench: Bench) -> None:
    async def check() -> None:
        limits = Limits(fuel_per_call=100_000, fuel_per_second=200_000, messages_per_second=1000)
        busy = Running(bench, components.service(1, work=10_000), Service(), limits=limits)
        await busy.measured(5)
        await busy.stop()
        spent = busy.sink.times[4] - busy.sink.times[1]
        assert spent > 3 * 30_000 / 200_000, "a round takes over 30,000 fuel, the refill is 200,000 a second"
        hog = Running(bench, components.service(1, work=1 << 30), Service(), limits=limits)
        with pytest.raises(StopError, match=r"^fuel: more than 2000000 without a wait$"):
            await hog.task

    run(check)


def test_edges_call_the_handler_that_wants_them(bench: Bench) -> None:
    async def check() -> None:
        button = bench.pins["button"]
        rising = Running(bench, components.on_edge(), InputEdge("button", EdgeKind.RISING))
        both = Running(bench, components.on_edge(), InputEdge("button", EdgeKind.ANY))
        await asyncio.sleep(0.2)
        for high in (True, True, False, True):
            button.write(high)
        await both.measured(3)
        await rising.measured(2)
        assert [value for _, _, value in rising.sink.measured] == [1.0, 1.0]
        assert [value for _, _, value in both.sink.measured] == [1.0, 0.0, 1.0]
        await rising.stop()
        await both.stop()
        button.write(False)
        assert len(both.sink.measured) == 3

    run(check)


def test_edges_that_find_no_room_are_dropped_and_told(bench: Bench) -> None:
    async def check() -> None:
        button = bench.pins["button"]
        guest = Running(bench, components.on_edge(30), InputEdge("button", EdgeKind.ANY))
        await asyncio.sleep(0.2)
        for number in range(40):
            button.write(number % 2 == 0)
        await guest.measured(8)
        await asyncio.sleep(0.2)
        assert len(guest.sink.measured) + sum(guest.sink.drops) == 40
        assert len(guest.sink.measured) < 12
        await guest.stop()

    run(check)


def test_a_call_begins_later_where_fuel_lacks(bench: Bench) -> None:
    async def check() -> None:
        limits = Limits(fuel_per_second=100, messages_per_second=1000)
        guest = Running(bench, components.sender(), Every(10), limits=limits)
        await guest.measured(3)
        await guest.stop()
        assert guest.sink.limits == [("fuel-per-second", 100)]
        assert guest.sink.times[2] - guest.sink.times[1] > 0.05

    run(check)


def test_an_input_that_is_not_there_is_refused(bench: Bench) -> None:
    async def check() -> None:
        guest = Running(bench, components.on_edge(), InputEdge("nowhere", EdgeKind.ANY))
        with pytest.raises(RefusedError, match="nowhere"):
            await guest.task

    run(check)


def test_a_calendar_has_its_zone_and_its_second(bench: Bench) -> None:
    start = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
    assert next_time(Calendar("30 2 * * *"), start) == datetime(2026, 3, 29, 2, 30, tzinfo=UTC)
    assert next_time(Calendar("0 12 * * *", "Europe/Berlin"), start) == datetime(2026, 3, 29, 10, tzinfo=UTC)
    assert next_time(Calendar("*/10 * * * * *"), start) == datetime(2026, 3, 28, 23, 30, 10, tzinfo=UTC)

    async def check() -> None:
        guest = Running(bench, components.sender(), Calendar("* * * * * *"))
        await guest.measured(2)
        await guest.stop()
        assert [round(time.time() - (time.monotonic() - at), 1) % 1 for at in guest.sink.times] == [
            pytest.approx(0.0, abs=0.5)
        ] * 2

    run(check)


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        (Calendar("0 0 * * *", "Atlantis/Capital"), "does not know the time zone"),
        (Calendar("0 0 30 2 *"), "never comes"),
    ],
)
def test_a_calendar_that_never_comes_is_refused(trigger: Calendar, said: str, bench: Bench) -> None:
    with pytest.raises(RefusedError, match=said) as error:
        check_component(Component("guest", triggers=(trigger,)), bench.labels)
    assert error.value.name is Refusal.INCOMPATIBLE


def test_a_service_has_no_other_trigger(bench: Bench) -> None:
    with pytest.raises(RefusedError) as error:
        check_component(Component("guest", triggers=(Service(), Every(50))), bench.labels)
    assert error.value.name is Refusal.UNSUPPORTED


def test_memory_is_of_the_whole_component(bench: Bench) -> None:
    bench.guest(components.two_memories(), limits=Limits(memory=2 * 65_536), triggers=())
    with pytest.raises(RefusedError) as error:
        bench.guest(components.two_memories(), limits=Limits(memory=2 * 65_536 - 1), triggers=())
    assert error.value.name is Refusal.OVER_LIMIT
    assert bench.guest(components.growing(1), limits=Limits(memory=2 * 65_536)).handle(RUN) is None
    with pytest.raises(StopError, match=r"^trap: "):
        bench.guest(components.growing(2), limits=Limits(memory=2 * 65_536)).handle(RUN)


def test_all_memories_of_a_component_grow_from_one_budget(bench: Bench) -> None:
    def growing(pages: int) -> bytes:
        grown = f"(memory.grow $second (i32.const {pages}))"
        return components.component(
            f"(if (i32.eq {grown} (i32.const -1)) (then unreachable)) {components.OK}",
            declarations="(memory $second 1)",
        )

    limits = Limits(memory=5 * 65_536)
    assert bench.guest(growing(3), limits=limits).handle(RUN) is None
    with pytest.raises(StopError, match=r"^trap: unreachable$") as stop:
        bench.guest(growing(4), limits=limits).handle(RUN)
    assert stop.value.memory == 2 * 65_536


def test_tables_and_modules_of_a_component_are_bounded(bench: Bench) -> None:
    def module(body: str, times: int = 1) -> bytes:
        made = "(core instance (instantiate $m))" * times
        return bytes(wasmtime.wat2wasm(f"(component (core module $m {body}) {made})"))

    def takes(wasm: bytes) -> None:
        bench.guest(wasm, triggers=())

    takes(module("(table 512 funcref)"))
    for wasm in (module("(table 513 funcref)"), module("(table 1 funcref)", 17), module("", 33)):
        with pytest.raises(RefusedError):
            takes(wasm)


def test_other_types_than_those_of_wit_are_refused_before_the_first_call(bench: Bench) -> None:
    wasm = components.sender()
    number = components.TELEMETRY.replace('(param "value" f64)', '(param "value" f32)')
    other = bytes(wasmtime.wat2wasm(f"(component {number})"))
    bench.guest(wasm)
    with pytest.raises(RefusedError) as error:
        bench.guest(other, triggers=())
    assert error.value.name is Refusal.INCOMPATIBLE
    assert error.value.detail.startswith(f"{TELEMETRY.full_name}: send-number is func(name: string, ")
    assert error.value.detail.endswith("value: f32) -> result<_, enum { invalid, rate-limited, full }>")


def test_a_trigger_needs_its_export(bench: Bench) -> None:
    with pytest.raises(RefusedError, match=r"wasi:cli/run@0\.2\.0: the component does not export it") as error:
        bench.guest(components.idle(), triggers=(Service(),))
    assert error.value.name is Refusal.INCOMPATIBLE


def test_components_that_call_each_other_in_a_ring_are_refused() -> None:
    def described(name: str, peer: str) -> Component:
        return Component(name, {"petiole:example/filter@0.1.0": Grant((peer,))})

    chain = [described("a", "b"), described("b", "c"), Component("c")]
    assert [component.name for component in in_order(chain)] == ["c", "b", "a"]
    with pytest.raises(RefusedError, match="a, b call each other in a ring"):
        in_order([described("a", "b"), described("b", "a")])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("unreachable", "trap: unreachable"),
        ("(drop (i32.load (i32.const 99999999)))", "trap: memory-out-of-bounds"),
        ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", "trap: integer-divide-by-zero"),
        ("(drop (i32.trunc_f64_s (f64.const nan)))", "trap: bad-conversion-to-integer"),
        ("(call_indirect (type $t) (i32.const 1))", "trap: indirect-call-to-null"),
        ("(call_indirect (type $t) (i32.const 9))", "trap: table-out-of-bounds"),
        ("(drop (call $deep (i32.const 0)))", "stack: call stack exhausted"),
    ],
)
def test_stops_have_the_names_that_boards_give_them(body: str, reason: str, bench: Bench) -> None:
    declarations = """(table 2 funcref) (type $t (func))
      (func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (local.get 0))))"""
    wasm = components.component(body + components.OK, declarations=declarations)
    guest = bench.guest(wasm, limits=Limits(fuel_per_call=1 << 40))
    with pytest.raises(StopError) as stop:
        guest.handle(RUN)
    assert str(stop.value) == reason


def test_the_place_of_a_stop_is_found_in_the_backtrace(bench: Bench) -> None:
    guest = bench.guest(components.trapping(0))
    with pytest.raises(StopError) as stop:
        guest.handle(RUN)
    place, function = frame(stop.value.backtrace)
    assert place is not None
    assert function is not None
    assert frame("") == (None, None)
