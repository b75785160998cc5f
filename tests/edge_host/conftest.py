"""A real broker, a double of the fleet, and agents as processes."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.edge_host.fleet_double import SEED, SITE, FleetDouble
from wire import cose


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Broker:
    """A nats-server that speaks MQTT; can be stopped and started on the same port and store."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._log = folder / "nats.log"
        self._file = folder / "nats.conf"
        self._file.write_text(
            f'server_name: test\nlisten: "127.0.0.1:{free_port()}"\njetstream {{ store_dir: "{folder}/nats" }}\n'
            f'mqtt {{ listen: "127.0.0.1:{self.port}" }}\n'
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it listens."""
        server = Path(sys.executable).parent / "nats-server"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([server, "-c", self._file], stdout=log, stderr=log)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(self._log.read_text())

    def stop(self) -> None:
        """Stop."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class AgentProcess:
    """One agent; `kill` is the plug."""

    def __init__(self, folder: Path, broker_port: int, device: str = "edge-1", extra: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.state = folder / "state"
        self.config = folder / "agent.toml"
        self.thermometer = folder / "tmp105.txt"
        self.thermometer.write_text("23.75")
        self.config.write_text(
            f'[device]\nname = "{device}"\nsite = "{SITE}"\n[mqtt]\nurl = "mqtt://127.0.0.1:{broker_port}"\n'
            f'[identity]\nanchors = ["{cose.public_key(SEED).hex()}"]\n'
            '[labels.i2c-env]\ninterface = "wasi:i2c/i2c"\nbackend = "simulated"\n'
            'devices = [{ model = "tmp105", address = 0x48, file = "tmp105.txt" }]\n'
            '[labels.led]\ninterface = "wasi:gpio/digital"\nbackend = "simulated"\n' + extra
        )
        self.log = folder / "agent.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> AgentProcess:
        """Start, without waiting for anything."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "edge_host", "--config", self.config], stdout=log, stderr=log
            )
        return self

    def kill(self) -> None:
        """Pull the plug."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to stop; gives the exit code."""
        return self._end(signal.SIGTERM)

    def wait(self) -> int:
        """The exit code, once it ends by itself."""
        assert self.process is not None
        return self.process.wait(30)

    def _end(self, number: signal.Signals) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(number)
        code = self.process.wait(30)
        self.process = None
        return code


@pytest.fixture(scope="session")
def shared_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    broker = Broker(tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def fleet(shared_broker: Broker) -> Iterator[FleetDouble]:
    with FleetDouble(shared_broker.port) as fleet:
        yield fleet


@pytest.fixture
def new_agent(shared_broker: Broker, tmp_path: Path) -> Iterator[Callable[..., AgentProcess]]:
    """Makes agents that are killed, and whose log is shown, at the end of the test."""
    agents: list[AgentProcess] = []

    def make(folder: str = "edge", **options: str) -> AgentProcess:
        agent = AgentProcess(tmp_path / folder, shared_broker.port, **options)
        agents.append(agent)
        return agent

    yield make
    for agent in agents:
        agent.kill()
        if agent.log.exists():
            print(agent.log.read_text())
