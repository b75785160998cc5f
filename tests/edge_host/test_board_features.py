"""What the fleet can do with an attached board beyond deploying: with a real broker, agent and firmware policy."""

from __future__ import annotations

import re

import pytest

from tests.edge_host.fleet_double import SEED, FleetDouble, Received
from tests.edge_host.test_boards import BOARD, NewAgent, NewBoard, attached, script, start
from wire import cose, rotation, topics
from wire.messages import Event, GuestMessage, unix_ms
from wire.triggers import MessageFilter

pytestmark = pytest.mark.timeout(900)  # the first test may have to build the board host

CONFIG_ONLY_BYTES = 2_048


def line_bytes(received: Received, version: str) -> int:
    """How many bytes the agent says it sent to the board for this release; 0 before it has said so."""
    for event in received.events.values():
        said = re.match(r"(\d+) bytes went over the board's line", event.message or "")
        if said and event.version == version:
            return int(said[1])
    return 0


def test_a_change_of_configuration_sends_no_code(fleet: FleetDouble, new_agent: NewAgent, new_board: NewBoard) -> None:
    start(fleet, new_agent(extra=attached(new_board(BOARD))), script("work", size=20_000))
    whole = fleet.wait(BOARD, lambda r: line_bytes(r, "1.0"), "count of the first release")
    fleet.forget()
    fleet.desire(BOARD, script("work", 2, size=20_000, config={"samples": "8", "unit": "kelvin"}))
    fleet.wait_state(BOARD, "thermometer", "confirmed", "2.0")
    changed = fleet.wait(BOARD, lambda r: line_bytes(r, "2.0"), "count of the second release")
    assert whole > 20_000
    assert changed < CONFIG_ONLY_BYTES
    assert fleet.received(BOARD).requests == []


def test_a_workload_is_restarted_on_command(fleet: FleetDouble, new_agent: NewAgent, new_board: NewBoard) -> None:
    board = new_board(BOARD)
    start(fleet, new_agent(extra=attached(board)), script("work"))
    assert fleet.command(BOARD, "restart", workload="thermometer").ok
    fleet.wait_telemetry(BOARD, len(fleet.received(BOARD).telemetry) + 2)
    unknown = fleet.command(BOARD, "restart", workload="nothing")
    assert not unknown.ok
    assert (unknown.error or "").startswith("no-such-workload")
    board.kill()
    fleet.wait(BOARD, lambda r: any(e.message and "lost" in e.message for e in r.events.values()), "lost event")
    assert not fleet.command(BOARD, "restart", workload="thermometer").ok


def test_anchors_are_rotated(fleet: FleetDouble, new_agent: NewAgent, new_board: NewBoard) -> None:
    start(fleet, new_agent(extra=attached(new_board(BOARD))), script("work"))
    new = bytes(range(2, 34))
    both = [cose.public_key(new), cose.public_key(SEED)]
    fleet.desire(BOARD, script("work"), anchors=rotation.make(both, 3, SEED))
    kids = [cose.kid(key) for key in both]
    fleet.wait(BOARD, lambda r: r.reported[-1].facts["anchors"] == kids, "report of the new anchors")
    fleet.desire(BOARD, script("work", 2, seed=new), anchors=rotation.make(both, 3, SEED))
    fleet.wait_state(BOARD, "thermometer", "confirmed", "2.0")
    fleet.desire(BOARD, script("work", 2, seed=new), anchors=rotation.make(both[:1], 2, SEED))
    refused = fleet.wait(
        BOARD, lambda r: next((e for e in r.events.values() if e.kind == "refused"), None), "a refusal of the rotation"
    )
    assert (refused.context, (refused.reason or "").split(":")[0]) == ("anchors", "old-sequence")


def test_messages_go_both_ways(fleet: FleetDouble, new_agent: NewAgent, new_board: NewBoard) -> None:
    release = script("answer publish:site.hello:world quiet", triggers=(MessageFilter("board.*"),))
    start(fleet, new_agent(extra=attached(new_board(BOARD))))
    fleet.desire(BOARD, release)
    said = fleet.wait(BOARD, lambda r: r.messages, "a message of the guest")
    assert said[0] == GuestMessage("site.hello", b"world")
    for subject in ("board.ask", "elsewhere"):
        message = GuestMessage(subject, b"question", "fleet.answers")
        fleet.publish(BOARD, topics.MESSAGE_TO, message.encode())
    answer = GuestMessage("fleet.answers", b"re:question")
    fleet.wait(BOARD, lambda r: answer in r.messages, "the answer of the guest")
    assert [m for m in fleet.received(BOARD).messages if m.subject == "fleet.answers"] == [answer]


def test_a_post_mortem_reaches_the_fleet(fleet: FleetDouble, new_agent: NewAgent, new_board: NewBoard) -> None:
    start(fleet, new_agent(extra=attached(new_board(BOARD))), script("work"))
    release = script("trap:4", 2, calls=10)
    fleet.desire(BOARD, release)
    stop: Event = fleet.wait(
        BOARD, lambda r: next((e for e in r.events.values() if e.kind == "stop"), None), "a post-mortem"
    )
    assert (stop.workload, stop.version, stop.component) == ("thermometer", "2.0", "thermometer")
    assert stop.release == release.desired.release
    assert (stop.reason or "").startswith("trap")
    assert None not in (stop.trap, stop.fuel, stop.memory, stop.stack, stop.up)


def test_a_board_knows_the_time_soon_after_it_is_attached(
    fleet: FleetDouble, new_agent: NewAgent, new_board: NewBoard
) -> None:
    start(fleet, new_agent(extra=attached(new_board(BOARD))))

    for _ in range(50):
        assert fleet.command(BOARD, "ping").ok
        fleet.forget()
        assert fleet.command(BOARD, "report").ok
        facts = fleet.wait(BOARD, lambda received: received.reported, "report")[-1].facts
        if facts["wall"] is not None:
            break
    wall = facts["wall"]
    assert abs(wall["unix"] - unix_ms()) < 10_000
    assert wall["unc"] >= 0


def test_guests_of_two_boards_talk_with_each_other(
    fleet: FleetDouble, new_agent: NewAgent, new_board: NewBoard
) -> None:
    start(fleet, new_agent(extra=attached(new_board(BOARD)) + attached(new_board("board-2"))))
    fleet.desire("board-2", script("answer quiet", triggers=(MessageFilter("site.*"),)))
    fleet.wait_state("board-2", "thermometer", "confirmed")
    fleet.desire(BOARD, script("ask:site.question:2000"))
    fleet.wait(BOARD, lambda r: any(e.message == "re:?" for e in r.events.values()), "the answer of the other board")
    fleet.wait(BOARD, lambda r: any(m.subject == "site.question" for m in r.messages), "the question")
    assert fleet.received("board-2").messages == []
