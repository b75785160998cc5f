"""Workloads of several components through a real agent, and what becomes of one that keeps stopping."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from edge_host import execution
from edge_host.errors import StopError
from edge_host.execution import Execution
from edge_host.release import stored
from edge_host.state import Release
from edge_host.workload import Workload
from tests.edge_host import components
from tests.edge_host.conftest import AgentProcess
from tests.edge_host.fleet_double import GRANTS, SEED, FleetDouble, Made
from wire import suit
from wire.descriptor import Component, Descriptor, Grant, Probation
from wire.interfaces import CLOCK
from wire.messages import DesiredWorkload, State
from wire.profiles import EDGE_PROFILE
from wire.triggers import Every, Service

DEVICE = "edge-1"
ALL = {**GRANTS, CLOCK.full_name: Grant()}


def released(name: str, parts: list[tuple[Component, bytes]], sequence: int = 1) -> Made:
    """A release of several components."""
    described, codes = zip(*parts, strict=True)
    descriptor = Descriptor(name, f"{sequence}.0", described, Probation(calls=2, seconds=30))
    envelope = suit.Envelope.parse(suit.build(descriptor, sequence, EDGE_PROFILE, list(codes), SEED))
    payload = suit.join(codes)
    digest = hashlib.sha256(payload).digest()
    return Made(DesiredWorkload(name, envelope.manifest_digest, envelope.sever(), digest, len(payload)), payload)


async def until(happened: Callable[[], bool]) -> None:
    """Let the event loop run until it has happened."""
    for _ in range(1000):
        if happened():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen in 10 s")


def test_components_travel_together_and_start_and_stop_together(
    fleet: FleetDouble, new_agent: Callable[..., AgentProcess]
) -> None:
    agent = new_agent().start()
    fleet.wait(DEVICE, lambda received: received.reported, "first report")
    pair = released(
        "pair",
        [
            (Component("clock", ALL, triggers=(Every(50),)), components.sender(1.0)),
            (Component("serving", ALL, triggers=(Service(),)), components.service(50, rounds=120)),
        ],
    )
    fleet.desire(DEVICE, pair)
    fleet.wait_state(DEVICE, "pair", "confirmed")
    fleet.wait(DEVICE, lambda r: {m.value for m in r.telemetry.values()} >= {1.0, 20.5}, "both components")
    stop = fleet.wait(DEVICE, lambda r: next((e for e in r.events.values() if e.kind == "stop"), None), "stop")
    assert (stop.component, stop.trap, stop.reason) == ("serving", "error", "error: the service ended")
    assert (stop.workload, stop.release, stop.stack) == ("pair", pair.desired.release, None)
    assert stop.fuel is not None
    agent.kill()
    fleet.forget()
    agent.start()
    fleet.wait(DEVICE, lambda r: {m.value for m in r.telemetry.values()} >= {1.0, 20.5}, "both components again")


def test_a_component_that_is_not_that_of_the_manifest_is_refused(
    fleet: FleetDouble, new_agent: Callable[..., AgentProcess]
) -> None:
    new_agent().start()
    fleet.wait(DEVICE, lambda received: received.reported, "first report")
    first = (Component("one", ALL, triggers=(Every(50),)), components.sender(1.0))
    pair = released("pair", [first, (Component("two", ALL), components.idle())])
    forged = bytearray(pair.payload)
    forged[-1] ^= 1
    digest = hashlib.sha256(forged).digest()
    desired = DesiredWorkload("pair", pair.desired.release, pair.desired.envelope, digest, len(forged))
    fleet.desire(DEVICE, Made(desired, bytes(forged)))
    assert fleet.wait_state(DEVICE, "pair", "failed").reason.startswith("digest-mismatch: #code1 ")


def test_codes_lie_where_the_manifest_says() -> None:
    parts = [(Component(name, ALL), components.sender(value)) for name, value in (("a", 1.0), ("b", 2.5))]
    made = released("pair", parts)
    desired = made.desired
    release = Release(desired.name, desired.release, desired.envelope, desired.digest, desired.size)
    manifest = suit.Envelope.parse(desired.envelope).manifest
    for (_, wasm), code in zip(parts, stored(release, manifest), strict=True):
        assert made.payload[code.offset : code.offset + code.size] == wasm
        assert code.offset % 16 == 0


def test_a_release_that_keeps_stopping_stays_stopped_until_it_is_restarted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "RESTART_SECONDS", (0.0,) * 7)
    starts: list[str] = []

    async def stops(running: Execution) -> None:
        starts.append(running.release.name)
        raise StopError("trap", "unreachable", component="guest")

    async def check() -> None:
        monkeypatch.setattr(Execution, "_run_once", stops)
        told: list[dict[str, Any]] = []
        journal = SimpleNamespace(event=lambda *_, **event: told.append(event))
        services: Any = SimpleNamespace(journal=journal, changed=lambda: None, store=None)
        workload = Workload("it", services, Release("it", b"", b"", b"", 0, state=State.CONFIRMED), None)
        workload.start()
        await until(lambda: workload.report().state == "failed")
        assert workload.report().reason == "trap: unreachable"
        assert len(starts) == 8
        assert told[-1]["state"] == "failed"
        await workload.restart()
        assert workload.report().state == "confirmed"
        await until(lambda: len(starts) >= 10)
        await workload.stop()

    asyncio.run(check())
