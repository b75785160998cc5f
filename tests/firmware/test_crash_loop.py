"""A component that always crashes is left alone in the end, and the board goes on: minutes of the board's time."""

import itertools

import pytest

from tests.firmware import boards
from tests.firmware.desk import Desk
from tests.firmware.probe import behaving, workload

pytestmark = [pytest.mark.system, boards.each(boards.HURRIED_TIME)]

STOPS = 8
"""The stop after which a workload is left alone (formats.md section 8)."""


def test_a_crash_loop_ends_as_failed_and_not_in_boots(desk: Desk) -> None:
    desk.run(workload("neighbour", behaving("quiet", every=1_000)), workload("app", behaving("trap", every=2_000)))
    failed = desk.events.wait(
        lambda event: event["kind"] == "state" and event.get("state") == "failed" and event["wl"] == "app", seconds=90
    )
    assert failed["reason"].startswith("trap: ")
    stops = [event["at"] for event in desk.events.of("app", "stop")]
    assert len(stops) == STOPS
    waits = [later - earlier for earlier, later in itertools.pairwise(stops)]
    least = [min(2**number, 60) * 1_000 for number in range(STOPS - 1)]
    assert all(wait >= wanted for wait, wanted in zip(waits, least, strict=True)), waits

    calls = desk.row("neighbour")["calls"]
    desk.wait("neighbour", lambda row: row["calls"] > calls)
    assert desk.client.facts()["boot"] == desk.first_boot
    assert desk.row("app")["state"] == "failed"
