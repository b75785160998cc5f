"""Components of one workload that call each other through the host."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from wasmtime.component import Component as WasmComponent

from edge_host.errors import StopError
from edge_host.guest import Call, Guest
from edge_host.interfaces import adapter
from edge_host.pool import Pool, PoolRules
from edge_host.runner import Part, check_parts, run_workload
from tests.edge_host import components, passing
from tests.edge_host.bench import Bench, Recorder
from tests.edge_host.fleet_double import GRANTS
from tests.edge_host.test_instances import resident
from wire.descriptor import Component, Grant, Limits
from wire.errors import RefusedError
from wire.refusals import Refusal
from wire.triggers import Every, Service

HALF = "petiole:example/half@0.1.0"
CALLER = Component("caller", {**GRANTS, HALF: Grant(("halver",))}, triggers=(Every(20),))
HALVER = Component("halver")


async def run(bench: Bench, caller: bytes, calls: int = 2) -> list[object]:
    """What the caller measured in so many calls of a workload, in which the caller stands first."""
    sinks = [Recorder(), Recorder()]
    codes = [WasmComponent(bench.engine, wasm) for wasm in (caller, components.halving())]
    check_parts(bench.engine, codes, [CALLER, HALVER])
    parts = [Part(*part) for part in zip(codes, (CALLER, HALVER), sinks, strict=True)]
    enough, loop = asyncio.Event(), asyncio.get_running_loop()

    def called(_part: Part, _error: str | None) -> None:
        if len(sinks[0].measured) >= calls:
            loop.call_soon_threadsafe(enough.set)

    running = asyncio.create_task(run_workload(bench.host, "pair", parts, called))
    waiting = asyncio.create_task(enough.wait())
    await asyncio.wait([running, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if running.done():
        running.result()
    running.cancel()
    await asyncio.wait([running])
    return [value for _, _, value in sinks[0].measured]


def test_a_component_calls_another(bench: Bench) -> None:
    assert asyncio.run(run(bench, components.asking(42))) == [21.0, 21.0]


def test_a_trap_of_the_one_that_was_called_is_told_as_its_own(bench: Bench) -> None:
    with pytest.raises(StopError, match=r"^trap: .*unreachable") as stop:
        asyncio.run(run(bench, components.asking(41)))
    assert stop.value.component == "halver"
    assert stop.value.fuel > 0


def test_a_service_is_refilled_where_it_calls_another(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_host.engine.CALL_SECONDS", 0.5)
    limits = Limits(fuel_per_call=1 << 19, fuel_per_second=2_000_000, messages_per_second=1000)
    described = [Component("asking", CALLER.grants, limits, triggers=(Service(),)), HALVER]
    sinks = [Recorder(), Recorder()]
    wasm = (components.asking_service(15, 30_000), components.halving())
    codes = [WasmComponent(bench.engine, one) for one in wasm]
    check_parts(bench.engine, codes, described)
    parts = [Part(*part) for part in zip(codes, described, sinks, strict=True)]
    with pytest.raises(StopError, match="the service ended"):
        asyncio.run(run_workload(bench.host, "pair", parts, lambda _part, _error: None))
    assert len(sinks[0].measured) == 15, "each round takes 90,000 fuel, of which there is 1,000,000 without a wait"


def test_types_between_components_are_checked(bench: Bench) -> None:
    with pytest.raises(RefusedError) as error:
        asyncio.run(run(bench, components.asking(42, "s32")))
    assert error.value.name is Refusal.INCOMPATIBLE
    assert error.value.detail == (
        f"{HALF}: of of component halver is func(number: u32) -> u32 and not func(number: u32) -> s32"
    )


def test_a_service_cannot_be_called_by_others(bench: Bench) -> None:
    codes = [WasmComponent(bench.engine, wasm) for wasm in (components.asking(42), components.halving())]
    with pytest.raises(RefusedError, match="component halver is a service, which others cannot call") as error:
        check_parts(bench.engine, codes, [CALLER, Component("halver", triggers=(Service(),))])
    assert error.value.name is Refusal.INCOMPATIBLE


@pytest.mark.parametrize(
    ("grants", "refusal"),
    [
        (GRANTS, Refusal.NOT_GRANTED),
        ({**GRANTS, HALF: Grant(("nobody",))}, Refusal.INCOMPATIBLE),
        ({**GRANTS, HALF: Grant()}, Refusal.INCOMPATIBLE),
    ],
)
def test_a_peer_is_named_by_its_grant(grants: dict[str, Grant], refusal: Refusal, bench: Bench) -> None:
    codes = [WasmComponent(bench.engine, wasm) for wasm in (components.asking(42), components.halving())]
    with pytest.raises(RefusedError, match=r"^[a-z-]+: petiole:example/half") as error:
        check_parts(bench.engine, codes, [Component("caller", grants), HALVER])
    assert error.value.name is refusal


@pytest.mark.parametrize("rules", [PoolRules(), PoolRules.of(Component("echo"))], ids=["kept", "new"])
def test_values_of_every_type_pass_between_components_and_leave_nothing_behind(rules: PoolRules, bench: Bench) -> None:
    def guest(wasm: bytes, peers: dict[str, Pool]) -> Guest:
        context = bench.context(limits=Limits(fuel_per_call=1 << 40, memory=1 << 20))
        return Guest(bench.engine, bench.host.ticker, WasmComponent(bench.engine, wasm), context, peers=peers)

    def row(size: int) -> tuple[object, ...]:
        message = adapter.record(subject="a" * size, body=bytes(range(256)), reply_to=adapter.some("ü"))
        return (message, "rate-limited", adapter.err("too cold"), -(1 << 62), 0.5, ["", "b" * size])

    pool = Pool(lambda: guest(passing.echo(), {}), rules, 1 << 60)
    asking = guest(passing.relay(), {passing.ECHO: pool})

    def ask(rows: list[tuple[object, ...]]) -> Any:
        return asking.call(Call(passing.RELAY, "do", (rows,)))

    assert ask([]) == []
    (message, kind, outcome, least, half, names), same = ask([row(5), row(5)])
    assert (message.subject, message.body, vars(message)["reply-to"]) == ("aaaaa", bytes(range(256)), "ü")
    assert (kind, outcome, least, half, names) == ("rate-limited", "too cold", -(1 << 62), 0.5, ["", "bbbbb"])
    assert same[1:] == (kind, outcome, least, half, names)
    for _ in range(200):
        ask([row(10_000)])
    before = resident()
    for _ in range(2_000):
        ask([row(10_000)])
    assert resident() - before < 10_000_000, "2,000 calls had 20,000 bytes each"
    asking.close()
    pool.close()
