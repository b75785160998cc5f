"""Components of one workload that call each other through the host."""

from __future__ import annotations

import asyncio

import pytest
from wasmtime.component import Component as WasmComponent

from edge_host.errors import StopError
from edge_host.runner import Part, check_parts, run_workload
from tests.edge_host import components
from tests.edge_host.bench import Bench, Recorder
from tests.edge_host.fleet_double import GRANTS
from wire.descriptor import Component, Grant
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
