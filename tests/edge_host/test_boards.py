"""Attached boards, played by a double behind a TCP port, with a real broker and a real agent process."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.edge_host.board_double import PROFILE, BoardDouble
from tests.edge_host.conftest import AgentProcess, free_port
from tests.edge_host.fleet_double import FleetDouble, Made, make_release
from wire.refusals import Refusal
from wire.smp import Petiole

BOARD = "board-1"
NewAgent = Callable[..., AgentProcess]


@pytest.fixture
def board() -> Iterator[BoardDouble]:
    board = BoardDouble(BOARD, free_port())
    yield board.start()
    board.stop()


def board_config(board: BoardDouble, baud: int = 10_000_000) -> str:
    return f'[[boards]]\nname = "{BOARD}"\nport = "socket://127.0.0.1:{board.port}"\nbaud = {baud}\n'


def release(sequence: int = 1, size: int = 20_000) -> Made:
    return make_release("thermometer", bytes([sequence]) * size, sequence, profile=PROFILE)


def test_a_release_reaches_the_board_and_is_confirmed(
    fleet: FleetDouble, new_agent: NewAgent, board: BoardDouble
) -> None:
    new_agent(extra=board_config(board)).start()
    fleet.wait(BOARD, lambda received: received.reported, "first report")
    revision = fleet.desire(BOARD, release())
    fleet.wait_state(BOARD, "thermometer", "confirmed")
    report = fleet.received(BOARD).reported[-1]
    assert report.revision == revision
    assert report.facts["board"] == "double"
    assert board.flash.running["thermometer"].payload == bytes([1]) * 20_000
    board.measure(23.5)
    measured = fleet.wait(BOARD, lambda received: received.telemetry, "telemetry")
    assert [m.value for m in measured.values()] == [23.5]
