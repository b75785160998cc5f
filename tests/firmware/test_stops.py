"""Components that stop, firmware that crashes or hangs: what the board does, and what it tells afterwards."""

import pytest

from hil.board import BoardUnderTest
from tests.firmware import boards, probe
from tests.firmware.desk import Desk
from tests.firmware.probe import behaving, workload
from wire.smp import Petiole

pytestmark = [pytest.mark.system, boards.each()]

WATCHDOG_SECONDS = 40.0
"""The watchdog waits eight seconds of the board's time."""

CRASHES_UNTIL_SAFE = 3

CONFIRMED = 2_000
"""Milliseconds after which a release is confirmed for certain."""


def test_a_trap_on_probation_brings_the_release_before_back(desk: Desk) -> None:
    desk.run(workload("app", behaving("old", every=100)))
    desk.send(workload("app", behaving("trap", every=100), version="2", calls=3))
    row = desk.wait("app", lambda row: row["state"] == "rolled-back")
    assert row["reason"].startswith("trap: ")
    assert (row["version"], row["previous"]) == ("2", "1")
    calls = row["calls"]
    desk.wait("app", lambda row: row["calls"] > calls)


def test_a_release_that_misses_its_probe_goes_back(desk: Desk) -> None:
    desk.run(workload("app", behaving("old", every=100)))
    desk.send(workload("app", behaving("new", every=60_000), version="2", calls=1, seconds=2))
    row = desk.wait("app", lambda row: row["state"] == "rolled-back")
    assert row["reason"].startswith("probation-timeout")


def test_a_post_mortem_is_told_after_a_reset_and_once(desk: Desk, board: BoardUnderTest) -> None:
    bundle = desk.send(workload("app", behaving("trap", every=CONFIRMED)))
    desk.deaf(lambda: desk.wait("app", lambda row: row["reason"].startswith("trap: ")))
    board.restart()
    stop = desk.events.wait(lambda event: event["kind"] == "stop" and event["boot"] > desk.first_boot)
    assert stop["rel"] == desk.release(bundle)
    assert (stop["wl"], stop["ver"], stop["comp"], stop["trap"]) == ("app", "1", "probe", "unreachable")
    assert 0 < stop["fuel"] <= 1_000_000
    assert 0 < stop["mem"] <= 65_536
    assert stop["at"] >= CONFIRMED
    source = probe.explain(stop)
    assert source.name == "trap"
    assert source.file is not None and source.file.endswith("probe/src/lib.rs")
    assert source.line is not None and "fn trap()" in probe.lines()[source.line - 2]


def test_the_watchdog_gets_a_hung_board_going(desk: Desk, board: BoardUnderTest) -> None:
    desk.run(workload("app", behaving("fine", every=200)))
    board.hang()
    board.emulator.wait_ready(board.port, WATCHDOG_SECONDS)
    told = desk.events.wait(lambda event: event.get("ctx") == "fault")
    assert told["msg"].startswith("the watchdog restarted the board, which hung at 0x")
    assert desk.client.facts()["boot"] == desk.first_boot + 1
    desk.wait("app", lambda row: row["calls"] > 1)


def test_a_firmware_that_crashes_again_and_again_comes_up_without_workloads(desk: Desk, board: BoardUnderTest) -> None:
    desk.run(workload("app", behaving("fine", every=200)))
    for crash in range(CRASHES_UNTIL_SAFE):
        assert not desk.client.facts()["safe"]
        board.crash()
        board.emulator.wait_ready(board.port)
        assert desk.client.facts()["boot"] == desk.first_boot + crash + 1
    told = desk.events.wait(lambda event: event.get("ctx") == "fault" and event["boot"] > desk.first_boot)
    assert told["msg"].startswith("the board restarted after a fault at 0x")
    assert desk.client.facts()["safe"]
    assert desk.row("app")["calls"] == 0

    desk.run(workload("mender", behaving("fine", every=200)))
    assert not desk.client.facts()["safe"], "an activation ends safe mode"
    desk.wait("app", lambda row: row["calls"] > 1)


def test_an_asked_for_reset_ends_safe_mode(desk: Desk, board: BoardUnderTest) -> None:
    desk.run(workload("app", behaving("fine", every=200)))
    for _ in range(CRASHES_UNTIL_SAFE):
        board.crash()
        board.emulator.wait_ready(board.port)
    assert desk.client.facts()["safe"]
    desk.client.reset()
    board.emulator.wait_ready(board.port)
    assert not desk.client.facts()["safe"]
    desk.wait("app", lambda row: row["calls"] > 1)


def test_pulled_plugs_are_no_reason_for_safe_mode(desk: Desk, board: BoardUnderTest) -> None:
    desk.run(workload("app", behaving("fine", every=200)))
    for _ in range(CRASHES_UNTIL_SAFE + 1):
        board.restart()
    assert not desk.client.facts()["safe"]
    desk.wait("app", lambda row: row["calls"] > 1)


def test_a_failed_workload_runs_again_when_asked(desk: Desk, board: BoardUnderTest) -> None:
    desk.run(workload("app", behaving("trap", every=CONFIRMED)))
    desk.wait("app", lambda row: row["reason"].startswith("trap: "))
    stops = len(desk.events.of("app", "stop"))
    desk.client.write(Petiole.RESTART, {"name": "app"})
    desk.events.wait(lambda _: len(desk.events.of("app", "stop")) > stops)
