"""A real broker, a double of the fleet, and agents as processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.edge_host.bench import Bench
from tests.edge_host.fleet_double import SEED, SITE, FleetDouble
from wire import cose, smp
from wire.profiles import class_id

BOARD_PROFILE = "petiole:host@0.1.0 script"


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


class Board:
    """A board on this machine: the firmware's own policy over TCP, its flash in a file. `kill` is the plug."""

    def __init__(self, program: Path, device: str, folder: Path) -> None:
        self.device = device
        self.port = free_port()
        self._program = program
        self._flash = folder / f"{device}.img"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Board:
        """Plug in."""
        command = [str(self._program), str(self.port), str(self._flash), class_id(BOARD_PROFILE).hex]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        assert b"listening" in self._process.stdout.readline()
        return self

    def kill(self) -> None:
        """Pull the plug."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def enroll(self) -> None:
        """Give it its name and the trust anchor."""
        body = {"device": self.device, "site": SITE, "anchors": [cose.public_key(SEED)], "entropy": bytes(32)}
        request = smp.Message(smp.Op.WRITE, smp.Group.PETIOLE, smp.Petiole.ENROLL, 1, body)
        decoder = smp.Decoder()
        with socket.create_connection(("127.0.0.1", self.port), 5) as line:
            line.sendall(smp.encode_frames(request.encode()))
            while not (messages := decoder.feed(line.recv(4096))):
                pass
        smp.Message.decode(messages[0]).raise_for_error()


@pytest.fixture(scope="session")
def board_program() -> Path:
    return build_board_program()


def build_board_program() -> Path:
    """The board host for this machine, built from the firmware's crates."""
    root = Path(__file__).parents[2]
    command = ["cargo", "build", "--quiet", "-p", "petiole-host", "--example", "serve", "--message-format=json"]
    environment = os.environ | {"CARGO_TARGET_DIR": str(root / ".cache" / "cargo" / "host")}
    built = subprocess.run(
        command, cwd=root / "firmware", env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    messages = [json.loads(line) for line in built.stdout.splitlines()]
    return Path(next(message["executable"] for message in messages if message.get("executable")))


@pytest.fixture
def new_board(board_program: Path, tmp_path: Path) -> Iterator[Callable[[str], Board]]:
    """Makes boards that are enrolled and run; they are unplugged at the end of the test."""
    boards: list[Board] = []

    def make(device: str) -> Board:
        board = Board(board_program, device, tmp_path)
        boards.append(board)
        board.start().enroll()
        return board

    yield make
    for board in boards:
        board.kill()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()
