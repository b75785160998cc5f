"""Slots of a calendar under a real agent that loses its power again and again."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from itertools import pairwise

from edge_host.schedule_log import Key, ScheduleLog
from tests.edge_host import components
from tests.edge_host.conftest import AgentProcess
from tests.edge_host.fleet_double import FleetDouble, make_release
from wire.descriptor import Probation
from wire.triggers import Calendar, Missed, SchedulePolicy

DEVICE = "edge-1"
EVERY_SECOND = Calendar("* * * * * *", None, SchedulePolicy(missed=Missed.RUN_ONCE))
KEY = Key("thermometer", "thermometer", str(EVERY_SECOND))


def test_no_slot_runs_twice_over_kills(fleet: FleetDouble, new_agent: Callable[..., AgentProcess]) -> None:
    agent = new_agent().start()
    fleet.wait(DEVICE, lambda received: received.reported, "first report")
    begun = time.time()
    release = make_release(
        *("thermometer", components.sender()),
        every_ms=3_600_000,
        triggers=(EVERY_SECOND,),
        probation=Probation(1, 3600),
    )
    fleet.desire(DEVICE, release)
    for _ in range(2):
        seen = fleet.wait_telemetry(DEVICE, len(fleet.received(DEVICE).telemetry))
        fleet.wait_telemetry(DEVICE, seen)
        agent.kill()
        agent.start()
    fleet.wait_telemetry(DEVICE, len(fleet.received(DEVICE).telemetry) + 1)
    assert agent.stop() == 0
    with sqlite3.connect(agent.state / "state.db") as database:
        ledger = ScheduleLog(database).ledger(KEY)
    assert ledger is not None
    slots = [run.slot for run in ledger.runs]
    assert len(slots) == len(set(slots))
    assert all(first[1] < second[0] for first, second in pairwise(ledger.spans))
    claimed = sum((last - first) // 1000 + 1 for first, last in ledger.spans)
    assert len(fleet.received(DEVICE).telemetry) <= claimed <= time.time() - begun + 1
