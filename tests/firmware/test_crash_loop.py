"""A component that crashes again and again: it is started later and later, and the board goes on.

The eighth stop, after which it is left alone as `failed`, comes after two minutes; the host's own tests wait for it in
simulated time (firmware/crates/host/tests).
"""

import itertools

import pytest

from tests.firmware import boards
from tests.firmware.desk import Desk
from tests.firmware.probe import behaving, workload

pytestmark = [pytest.mark.system, boards.each(boards.VIRTUAL_TIME)]

STOPS = 4
WAITS = (1_000, 2_000, 4_000)
"""Milliseconds from a stop to the next start at least (formats.md section 8)."""


def test_a_crash_loop_slows_down_and_never_takes_the_board_along(desk: Desk) -> None:
    desk.run(workload("neighbour", behaving("fine", every=500)), workload("app", behaving("trap", every=2_000)))
    desk.events.wait(lambda _: len(desk.events.of("app", "stop")) >= STOPS, seconds=90)
    stops = [event["at"] for event in desk.events.of("app", "stop")][:STOPS]
    waits = [later - earlier for earlier, later in itertools.pairwise(stops)]
    assert all(wait >= wanted for wait, wanted in zip(waits, WAITS, strict=True)), waits
    row = desk.row("app")
    assert row["state"] == "confirmed" and row["reason"].startswith("trap: ")

    calls = desk.row("neighbour")["calls"]
    desk.wait("neighbour", lambda row: row["calls"] > calls)
    assert desk.client.facts()["boot"] == desk.first_boot
