"""Agents as processes, without a broker: nobody listens at their broker's port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wire import cose

SEED = bytes(32)


def config_text(extra: str = "", *, device: str = "edge-1") -> str:
    """A configuration whose broker does not exist."""
    return (
        f'[device]\nname = "{device}"\nsite = "greenhouse"\n[mqtt]\nurl = "mqtt://127.0.0.1:1"\n'
        f'[identity]\nanchors = ["{cose.public_key(SEED).hex()}"]\n{extra}'
    )


class Agent:
    """One agent process."""

    def __init__(self, folder: Path, extra: str, environment: dict[str, str]) -> None:
        self.config = folder / "agent.toml"
        self.config.write_text(config_text(extra))
        self.state = folder / "state"
        self.log = folder / "agent.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "edge_host", "--config", self.config],
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
            )

    def stop(self) -> int:
        """Ask it to stop; gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


class Manager:
    """The service manager's end of the notification socket."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._line.bind(str(file))
        self._line.settimeout(30)

    def next(self) -> str:
        """What the next datagram says."""
        return self._line.recv(4096).decode()

    def until(self, wanted: str) -> list[str]:
        """All that is said up to the one that is wanted."""
        said = [self.next()]
        while said[-1] != wanted:
            said.append(self.next())
        return said

    def close(self) -> None:
        self._line.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(tmp_path / "notify")
    yield manager
    manager.close()


@pytest.fixture
def new_agent(tmp_path: Path) -> Iterator[Callable[..., Agent]]:
    agents: list[Agent] = []

    def make(extra: str = "", **environment: str) -> Agent:
        agents.append(Agent(tmp_path, extra, environment))
        return agents[-1]

    yield make
    for agent in agents:
        agent.process.kill()
        agent.process.wait()
        print(agent.log.read_text())
