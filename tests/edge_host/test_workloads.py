"""Releases from desired to running, through a real broker and a real agent process."""

from __future__ import annotations

from collections.abc import Callable

from tests.edge_host import components
from tests.edge_host.conftest import AgentProcess
from tests.edge_host.fleet_double import FleetDouble, make_release
from wire.descriptor import Grant, Limits, Probation

DEVICE = "edge-1"
NewAgent = Callable[..., AgentProcess]


def test_a_release_is_fetched_verified_run_and_confirmed(fleet: FleetDouble, new_agent: NewAgent) -> None:
    agent = new_agent().start()
    fleet.wait(DEVICE, lambda received: received.reported, "first report")
    revision = fleet.desire(DEVICE, make_release("thermometer", components.thermometer()))
    entry = fleet.wait_state(DEVICE, "thermometer", "confirmed")
    assert (entry.version, entry.sequence, entry.reason, entry.previous) == ("1.0", 1, "", None)
    measured = fleet.wait(DEVICE, lambda received: received.telemetry, "telemetry")
    first = measured[min(measured)]
    assert (first.device, first.workload, first.name, first.value) == (DEVICE, "thermometer", "t", 23.5 * 256)
    assert fleet.received(DEVICE).reported[-1].revision == revision
    assert agent.stop() == 0
