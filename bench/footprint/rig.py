"""What the agent is measured with: a real broker, a double of the fleet, a board of this machine over TCP."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.paths import ROOT
from tests.edge_host.conftest import AgentProcess, Board, Broker, build_board_program
from tests.edge_host.fleet_double import FleetDouble

EDGE = "edge-1"
BOARD = "board-1"


@dataclass(frozen=True)
class Rig:
    """One site; the agent is not started."""

    folder: Path
    broker: Broker
    fleet: FleetDouble
    board: Board
    agent: AgentProcess


@contextmanager
def rig(folder: Path) -> Iterator[Rig]:
    """A site whose parts end with the block."""
    broker = Broker(folder)
    broker.start()
    board = Board(build_board_program(), BOARD, folder)
    agent: AgentProcess | None = None
    try:
        board.start().enroll()
        extra = f'[[boards]]\nname = "{BOARD}"\nport = "socket://127.0.0.1:{board.port}"\n'
        with FleetDouble(broker.port) as fleet:
            agent = AgentProcess(folder / "edge", broker.port, EDGE, extra)
            try:
                yield Rig(folder, broker, fleet, board, agent)
            except BaseException:
                sys.stderr.write(agent.log.read_text() if agent.log.exists() else "")
                raise
    finally:
        if agent is not None:
            agent.kill()
        board.kill()
        broker.stop()


def hello() -> bytes:
    """The component of `examples/hello`, built when it is not there."""
    component = ROOT / "examples" / "hello" / "hello.wasm"
    if not component.exists():
        petiole = Path(sys.executable).parent / "petiole"
        subprocess.run([petiole, "component", "build", str(component.parent)], check=True)
    return component.read_bytes()
