"""From an upload to a board and back: a real fleet with its hub, a real agent, and the firmware's policy on a PC."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.operations import Operations
from fleet.settings import Settings
from fleet.views import EventView, ReleaseView
from tests.edge_host.conftest import BOARD_PROFILE, AgentProcess, Board
from tests.edge_host.conftest import board_program as board_program  # noqa: PLC0414 - a fixture used here too
from tests.fleet.helpers import wait_until
from wire import cose, rotation, suit
from wire.descriptor import Component, Descriptor, Probation
from wire.messages import GuestMessage
from wire.triggers import Every, MessageFilter

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]  # the first test may have to build the board host

BOARD = "board-way"
SEED = bytes(range(32))
"""The trust anchor that `AgentProcess` and `Board` are enrolled with."""
FILLING = hashlib.shake_256(b"code").digest(30_000).replace(b"\0", b"!")


def release(fleet: Operations, words: str, sequence: int, filling: bytes = FILLING, seed: bytes = SEED) -> ReleaseView:
    """Upload a release whose component is a script (see the board host's tests)."""
    part = Component("main", triggers=(Every(250), MessageFilter("fleet.>")))
    descriptor = Descriptor("way", f"{sequence}.0", (part,), Probation(2, 20))
    return fleet.add_release(suit.build(descriptor, sequence, BOARD_PROFILE, [f"{words}\0".encode() + filling], seed))


@pytest.fixture(scope="module")
def site(
    live_fleet: Operations, live_settings: Settings, board_program: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operations]:
    """The fleet with a board behind an agent."""
    folder = tmp_path_factory.mktemp("way")
    live_fleet.add_anchor("release", cose.public_key(SEED).hex())
    token = live_fleet.new_token("greenhouse").token
    live_fleet.enroll(token=token, device=BOARD, kind="board", public_key="cd" * 32, csr=None, facts={})
    board = Board(board_program, BOARD, folder).start()
    board.enroll()
    boards = f'[[boards]]\nname = "{BOARD}"\nport = "socket://127.0.0.1:{board.port}"\nbaud = 10000000\n'
    agent = AgentProcess(folder, live_settings.broker.port, "edge-way", boards).start()
    wait_until(lambda: live_fleet.device(BOARD).status == "online", "the board to be online")
    yield live_fleet
    agent.kill()
    board.kill()
    print(agent.log.read_text())


def deploy(fleet: Operations, wanted: ReleaseView) -> None:
    """Deploy and wait for the end of the probation."""
    fleet.deploy(BOARD, "way", wanted.release)
    wait_until(
        lambda: [(w.release, w.state) for w in fleet.workloads(BOARD)] == [(wanted.release, "confirmed")],
        f"release {wanted.version} to be confirmed",
    )


def events(fleet: Operations, kind: str) -> list[EventView]:
    return fleet.events(BOARD, kinds=[kind])


def line_bytes(fleet: Operations, version: str) -> int:
    """How many bytes the agent says it sent to the board for this release; 0 before it has said so."""
    said = [e.message or "" for e in events(fleet, "link") if e.version == version]
    return next((int(text.split()[0]) for text in said if "bytes went over the board's line" in text), 0)


def test_the_whole_way(site: Operations) -> None:
    deploy(site, release(site, "work publish:guest.hello:world", 1))
    changed = FILLING[:9_000] + b"one other line" + FILLING[9_014:]
    second = release(site, "work answer", 2, changed)
    (patch,) = second.patches.values()
    assert patch < 1_000
    deploy(site, second)
    assert wait_until(lambda: line_bytes(site, "1.0"), "the bytes of the first release") > len(FILLING)
    assert wait_until(lambda: line_bytes(site, "2.0"), "the bytes of the second release") < 2_048 + patch
    wait_until(lambda: any(e.message == "world" for e in events(site, "message")), "a message of the guest")

    site.send_message(BOARD, GuestMessage("fleet.ask", b"how", "fleet-answers"))
    wait_until(lambda: any(e.message == "re:how" for e in events(site, "message")), "the guest's answer")

    site.deploy(BOARD, "way", release(site, "work trap:2", 3).release)
    stop = wait_until(lambda: [e.stop for e in events(site, "stop")], "a post-mortem")[0]
    assert stop is not None
    assert (stop.component, stop.trap is None) == ("main", False)
    wait_until(lambda: site.workloads(BOARD)[0].state == "rolled-back", "the roll-back")

    new = bytes(range(1, 33))
    site.rotate(BOARD, rotation.make([cose.public_key(new)], 1, SEED))
    wait_until(lambda: (shown := site.device(BOARD).rotation) and shown.done, "the rotation")
    site.add_anchor("new", cose.public_key(new).hex())
    deploy(site, release(site, "work", 4, seed=new))
