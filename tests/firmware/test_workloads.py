"""Four workloads on one board: started, stopped, updated and removed apart from each other."""

import pytest

from hil.board import BoardUnderTest
from provisioning.errors import DeviceRefusedError
from tests.firmware import boards
from tests.firmware.desk import Desk
from tests.firmware.probe import behaving, workload
from wire.refusals import Refusal

pytestmark = [pytest.mark.system, boards.each()]

NAMES = ("one", "two", "three", "four")


def rows(desk: Desk) -> dict[str, tuple[str, str]]:
    """Version and state of each workload."""
    return {name: (desk.row(name)["version"], desk.row(name)["state"]) for name in NAMES}


def test_four_workloads_live_apart(desk: Desk) -> None:
    desk.run(*(workload(name, behaving(name, every=200)) for name in NAMES))
    assert rows(desk) == dict.fromkeys(NAMES, ("1", "confirmed"))
    before = {name: desk.row(name)["calls"] for name in NAMES}

    desk.run(workload("two", behaving("two, newer", every=200), version="2"))
    desk.events.wait(lambda event: event.get("msg") == "two, newer")
    for name in ("one", "three", "four"):
        assert desk.row(name)["calls"] > before[name]
        assert desk.events.of(name, "state")[-1]["state"] == "confirmed"

    desk.remove("three")
    with pytest.raises(AssertionError, match="no workload three"):
        desk.row("three")
    desk.run(workload("five", behaving("five", every=200)))
    desk.events.wait(lambda event: event.get("msg") == "five")

    heap = desk.client.facts()["heap"]
    assert heap["peak"] < heap["size"]


def test_a_fifth_workload_is_refused_and_the_four_go_on(desk: Desk) -> None:
    desk.run(*(workload(name, behaving(name, every=200)) for name in NAMES))
    with pytest.raises(DeviceRefusedError) as refused:
        desk.send(workload("five", behaving("five")))
    assert refused.value.rc == Refusal.NO_SPACE
    calls = desk.row("one")["calls"]
    desk.wait("one", lambda row: row["calls"] > calls + 2)


def test_all_four_come_back_after_a_power_cut(desk: Desk, board: BoardUnderTest) -> None:
    desk.run(*(workload(name, behaving(name, every=200)) for name in NAMES))
    board.restart()
    assert rows(desk) == dict.fromkeys(NAMES, ("1", "confirmed"))
    for name in NAMES:
        desk.wait(name, lambda row: row["calls"] > 1)


def test_values_outlive_a_power_cut_and_go_with_the_workload(desk: Desk, board: BoardUnderTest) -> None:
    counting = workload("counts", behaving("count", every=100))
    desk.run(counting)
    desk.wait("counts", lambda row: row["calls"] >= 5)
    board.restart()
    desk.wait("counts", lambda row: row["calls"] >= 2)
    desk.events.wait(lambda event: event["boot"] > desk.first_boot and event.get("n") == "calls")
    counted = [event for event in desk.events.of("counts", "telemetry") if event["boot"] > desk.first_boot]
    assert counted[0]["v"] > 5
    desk.remove("counts")
    desk.run(counting)
    desk.events.wait(lambda event: event.get("n") == "calls" and event["v"] == 1 and event["seq"] > counted[0]["seq"])
