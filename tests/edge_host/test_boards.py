"""Attached boards: the firmware's own policy with scripts for components, a real broker, real agent processes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.edge_host.conftest import BOARD_PROFILE, AgentProcess, Board
from tests.edge_host.fleet_double import SEED, FleetDouble, Made, Received, make_release
from wire.descriptor import Grant, Probation
from wire.triggers import Trigger

pytestmark = pytest.mark.timeout(900)  # the first test may have to build the board host

BOARD = "board-1"
OTHER_SEED = bytes(range(1, 33))
NewAgent = Callable[..., AgentProcess]
NewBoard = Callable[[str], Board]


def attached(board: Board, baud: int = 10_000_000) -> str:
    return f'[[boards]]\nname = "{board.device}"\nport = "socket://127.0.0.1:{board.port}"\nbaud = {baud}\n'


def script(
    words: str,
    sequence: int = 1,
    size: int = 5_000,
    *,
    seed: bytes = SEED,
    profile: str = BOARD_PROFILE,
    grants: dict[str, Grant] | None = None,
    calls: int = 2,
    config: dict[str, str] | None = None,
    triggers: tuple[Trigger, ...] = (),
) -> Made:
    """A release whose component is a script (see the board host's tests), padded to `size` bytes."""
    return make_release(
        "thermometer",
        f"{words}\0".encode().ljust(size, b"."),
        sequence,
        seed=seed,
        profile=profile,
        grants=grants or {},
        every_ms=250,
        probation=Probation(calls, 20),
        config=config,
        triggers=triggers,
    )


def events(received: Received, kind: str) -> list[tuple[str | None, str | None]]:
    found = [received.events[key] for key in sorted(received.events)]
    return [(event.version, event.state or event.reason) for event in found if event.kind == kind]


def start(fleet: FleetDouble, agent: AgentProcess, release: Made | None = None) -> None:
    agent.start()
    fleet.wait(BOARD, lambda received: received.reported, "first report")
    if release is not None:
        fleet.desire(BOARD, release)
        fleet.wait_state(BOARD, "thermometer", "confirmed")


def test_a_release_reaches_the_board_and_is_confirmed(
    fleet: FleetDouble, new_agent: NewAgent, new_board: NewBoard
) -> None:
    board = new_board(BOARD)
    agent = new_agent(extra=attached(board))
    start(fleet, agent)
    revision = fleet.desire(BOARD, script("work"))
    entry = fleet.wait_state(BOARD, "thermometer", "confirmed")
    assert (entry.version, entry.reason, entry.previous) == ("1.0", "", None)
    received = fleet.received(BOARD)
    assert received.reported[-1].revision == revision
    assert received.reported[-1].facts["device"] == BOARD
    told = ["offered", "downloading", "verified", "staged", "probation", "confirmed"]
    fleet.wait(BOARD, lambda r: events(r, "state") == [("1.0", state) for state in told], "states in order")
    measured = fleet.wait(BOARD, lambda r: r.telemetry if len(r.telemetry) > 3 else None, "telemetry")
    values = [measured[key].value for key in sorted(measured)]
    assert values == [float(n + 1) for n in range(len(values))]
    assert agent.stop() == 0


REFUSED = {
    "unknown-key": script("work", 2, seed=OTHER_SEED),
    "wrong-class": script("work", 2, profile="another"),
    "old-sequence": script("other", 1),
    "no-such-label": script("work", 2, grants={"wasi:i2c/i2c@0.2.0-draft": Grant(("nowhere",))}),
    "no-space": script("work", 2, size=600_000),
    "incompatible": script("garbage", 2),
    "not-granted": script("needs:wasi:logging/logging@0.1.0-draft", 3),
}


def test_what_the_board_refuses_is_named_and_not_tried_again(
    fleet: FleetDouble, new_agent: NewAgent, new_board: NewBoard
) -> None:
    board = new_board(BOARD)
    agent = new_agent(extra=attached(board))
    start(fleet, agent, script("work"))
    for refusal, release in REFUSED.items():
        fleet.desire(BOARD, release)
        entry = fleet.wait_release(BOARD, release, "failed", f"{refusal}: ")
        assert entry.previous == "1.0"
    before = len(fleet.received(BOARD).telemetry)
    agent.kill()
    fleet.forget()
    start(fleet, agent)
    assert fleet.wait_state(BOARD, "thermometer", "failed").reason == entry.reason
    fleet.wait(BOARD, lambda r: len(r.telemetry) > before, "telemetry of the old release")
    fleet.desire(BOARD, script("work", 4))
    fleet.wait_state(BOARD, "thermometer", "confirmed", "4.0")


def test_a_board_takes_a_bad_release_back(fleet: FleetDouble, new_agent: NewAgent, new_board: NewBoard) -> None:
    board = new_board(BOARD)
    start(fleet, new_agent(extra=attached(board)), script("work"))
    fleet.desire(BOARD, script("trap:4", 2, calls=10))
    entry = fleet.wait_state(BOARD, "thermometer", "rolled-back")
    assert (entry.version, entry.previous) == ("2.0", "1.0")
    assert entry.reason.startswith("trap")
    fleet.desire(BOARD, script("work"))
    fleet.wait_state(BOARD, "thermometer", "confirmed", "1.0")


def test_a_transfer_goes_on_where_the_plug_was_pulled(
    fleet: FleetDouble, new_agent: NewAgent, new_board: NewBoard
) -> None:
    board = new_board(BOARD)
    agent = new_agent(extra=attached(board, baud=115_200))
    start(fleet, agent, script("work"))
    fleet.desire(BOARD, script("work", 2, size=40_000))

    def transferred(received: Received) -> int:
        entry = received.reported[-1].workloads[0] if received.reported and received.reported[-1].workloads else None
        return entry.offset if entry is not None and entry.state == "downloading" else 0

    reached = fleet.wait(BOARD, lambda r: transferred(r) if transferred(r) > 10_000 else 0, "part of the transfer")
    board.kill()
    fleet.wait(BOARD, lambda r: any(e.message and "lost" in e.message for e in r.events.values()), "lost event")
    fleet.forget()
    board.start()
    assert fleet.wait(BOARD, transferred, "the rest of the transfer") >= reached - 4096
    fleet.wait_state(BOARD, "thermometer", "confirmed", "2.0")
    assert [state for version, state in events(fleet.received(BOARD), "state") if version == "2.0"].count(
        "offered"
    ) == 1


def test_records_of_a_board_arrive_once_over_kills_of_the_agent(
    fleet: FleetDouble, new_agent: NewAgent, new_board: NewBoard
) -> None:
    board = new_board(BOARD)
    agent = new_agent(extra=attached(board))
    start(fleet, agent, script("work"))
    for _ in range(3):
        before = len(fleet.received(BOARD).telemetry)
        agent.kill()
        agent.start()
        fleet.wait_telemetry(BOARD, before + 5)
    telemetry = fleet.received(BOARD).telemetry
    values = [telemetry[key].value for key in sorted(telemetry)]
    assert values == [float(n + 1) for n in range(len(values))]


def test_what_is_no_longer_desired_is_removed_from_the_board(
    fleet: FleetDouble, new_agent: NewAgent, new_board: NewBoard
) -> None:
    start(fleet, new_agent(extra=attached(new_board(BOARD))), script("work"))
    fleet.desire(BOARD)
    fleet.wait(BOARD, lambda r: r.reported[-1].workloads == (), "empty report")


def test_ping_asks_the_board_itself(fleet: FleetDouble, new_agent: NewAgent, new_board: NewBoard) -> None:
    board = new_board(BOARD)
    start(fleet, new_agent(extra=attached(board)))
    assert fleet.command(BOARD, "ping").ok
    board.kill()
    fleet.wait(BOARD, lambda r: any(e.message and "lost" in e.message for e in r.events.values()), "lost event")
    reply = fleet.command(BOARD, "ping")
    assert (reply.ok, reply.error) == (False, f"board {BOARD} does not answer on socket://127.0.0.1:{board.port}")


def test_a_second_agent_on_the_same_port_names_the_holder(
    fleet: FleetDouble, new_agent: NewAgent, new_board: NewBoard
) -> None:
    board = new_board(BOARD)
    first = new_agent("first", extra=attached(board))
    start(fleet, first)
    second = new_agent("second", device="edge-2", extra=attached(board)).start()
    assert second.wait() == 1
    said = second.log.read_text()
    assert first.process is not None
    assert (
        f"port socket://127.0.0.1:{board.port} is in use by process {first.process.pid} (petiole agent edge-1" in said
    )
    assert fleet.command(BOARD, "ping").ok


def test_a_board_that_is_another_one_is_told(fleet: FleetDouble, new_agent: NewAgent, new_board: NewBoard) -> None:
    board = new_board("board-2")
    agent = new_agent(extra=attached(board).replace('"board-2"', f'"{BOARD}"')).start()
    fleet.wait("edge-1", lambda received: received.reported, "first report")
    fleet.wait("edge-1", lambda _: "another board, 'board-2', is at this port" in agent.log.read_text(), "log line")
    assert not fleet.received(BOARD).reported
