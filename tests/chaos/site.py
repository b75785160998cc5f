"""A fleet with its hub, the leaf of a site and an agent, each a process, with lines between them that can be cut.

The lines are proxies, or a `Wire` that fleet and hub are behind.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from fleet.server import open_fleet
from fleet.settings import LOOPBACK, EmbeddedBroker, Settings
from tests.chaos.impairment import FAR, GOOD, Wire
from tests.chaos.proxy import Proxy
from tests.fleet.helpers import SITE, enroll_board
from tests.fleet.test_tls import enroll_edge
from wire import cose

DEVICE = "edge-chaos"
SHARED_MEMORY = Path("/dev/shm")
FLEET = [sys.executable, "-c", "from fleet.commands import app; app()"]


def quiet_port() -> int:
    """A free port that no connection takes while the program is down whose port it is."""
    while True:
        with contextlib.suppress(OSError), socket.create_server((LOOPBACK, random.randrange(20_000, 32_000))) as found:
            port: int = found.getsockname()[1]
            return port


@dataclass(frozen=True)
class Outcome:
    """`extra` records were stored but are not in the ledger: the agent was killed before it could write there."""

    sent: int
    stored: int
    lost: int
    duplicated: int
    extra: int

    def __str__(self) -> str:
        return (
            f"records sent {self.sent}, stored {self.stored}, lost {self.lost}, duplicated {self.duplicated}, "
            f"stored and not noted {self.extra}"
        )


class Site:
    """Use as a context manager; everything is started by `start`."""

    def __init__(self, folder: Path, *, rate: float = 100, broker: str = "leaf", wire: Wire | None = None) -> None:
        """`broker` is what the agent is connected to: `leaf`, `hub` or `tls` (a hub), or a `mosquitto` for both.

        Without a leaf, `wire` is between the agent and its broker, otherwise between leaf and hub.
        """
        self.folder = folder
        self.kills = Counter[str]()
        self._rate = rate
        self._wire = wire
        self._hub_host = LOOPBACK if wire is None else FAR
        embedded = EmbeddedBroker(mqtt_port=quiet_port(), leaf_port=quiet_port(), host=self._hub_host)
        embedded = replace(embedded, tls=broker == "tls")
        self.settings = Settings(state=folder / "fleet", port=quiet_port(), embedded=embedded)
        self._broker = broker
        self._leaf_port = quiet_port()
        with open_fleet(self.settings) as fleet:
            fleet.add_site(SITE)
            if embedded.tls:
                identity = enroll_edge(fleet, DEVICE, folder)
            else:
                enroll_board(fleet, DEVICE)
                identity = {}
        assert embedded.leaf_port is not None
        self.to_leaf = Proxy(self._leaf_port if broker == "leaf" else embedded.mqtt_port)
        self.to_hub = Proxy(embedded.leaf_port)
        self._ledger = folder / "ledger"
        self._ledger.touch()
        self._memory = SHARED_MEMORY / f"petiole-chaos-{os.getpid()}"
        scheme = "mqtts" if embedded.tls else "mqtt"
        url = f"{scheme}://{LOOPBACK}:{self.to_leaf.port}"
        if wire is not None:
            url = (
                f"mqtt://{LOOPBACK}:{self._leaf_port}" if broker == "leaf" else f"{scheme}://{FAR}:{embedded.mqtt_port}"
            )
        self._config = folder / "agent.toml"
        self._config.write_text(
            f'[device]\nname = "{DEVICE}"\nsite = "{SITE}"\n[mqtt]\nurl = "{url}"\n'
            + "".join(f'{key} = "{file}"\n' for key, file in identity.items())
            + f'[identity]\nanchors = ["{cose.public_key(bytes(range(32))).hex()}"]\n'
            f'[outbox]\nmemory-folder = "{self._memory}"\n'
        )
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        for name, process in self._processes.items():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            print(name, (self.folder / f"{name}.log").read_text(errors="replace")[-3000:])
        self.to_leaf.close()
        self.to_hub.close()
        shutil.rmtree(self._memory, ignore_errors=True)

    def start(self, *names: str, file_limit: int | None = None) -> None:
        """Start `fleet` (with the hub), `leaf` and `agent`, or some of them; `file_limit` bytes a file can hold."""
        brokers = () if self._broker in ("hub", "tls") else (self._broker,)
        for name in names or ("fleet", *brokers, "agent"):
            with (self.folder / f"{name}.log").open("ab") as log:
                self._processes[name] = subprocess.Popen(
                    self._command(name), stdout=log, stderr=log, cwd=Path(__file__).parents[2]
                )
            if file_limit is not None:
                most = (file_limit, resource.RLIM_INFINITY)
                resource.prlimit(self._processes[name].pid, resource.RLIMIT_FSIZE, most)

    def kill(self, name: str) -> None:
        """SIGKILL to `fleet`, `leaf`, `agent`, or to the nats-server `hub` or `leaf-server` below the first two."""
        self.kills[name] += 1
        if name in ("hub", "leaf-server"):
            file = self.folder / ("fleet/broker/hub.pid" if name == "hub" else "leaf/leaf.pid")
            with contextlib.suppress(OSError, ValueError):
                os.kill(int(file.read_text()), signal.SIGKILL)
            return
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def lose_leaf_store(self) -> None:
        """The leaf dies, and what it had on disk is gone."""
        self.kill("leaf")
        self.kill("leaf-server")
        shutil.rmtree(self.folder / "leaf" / "jetstream", ignore_errors=True)
        self.start("leaf")

    def tell(self, file: str, text: str = "") -> None:
        """Leave a file for the source of records."""
        (self.folder / f"{file}.new").write_text(text)
        (self.folder / f"{file}.new").rename(self.folder / file)

    def has(self, file: str) -> bool:
        """Whether a file is there."""
        return (self.folder / file).exists()

    def noted(self) -> list[tuple[str, int, int, int]]:
        """The ledger: stream, epoch, number and value of each record that was kept."""
        lines = self._ledger.read_text().splitlines()
        return [(stream, int(epoch), int(seq), int(value)) for stream, epoch, seq, value in map(str.split, lines)]

    def settle(self, seconds: float = 120) -> Outcome:
        """Stop the source, mend the lines, and wait until everything that was noted is stored, or time is up."""
        self.tell("pause")
        self.to_leaf.mend()
        self.to_hub.mend()
        if self._wire is not None:
            self._wire.impair(GOOD)
        end = time.monotonic() + seconds
        time.sleep(1)
        while (outcome := self.outcome()).lost and time.monotonic() < end:
            time.sleep(0.5)
        return outcome

    def outcome(self) -> Outcome:
        """The ledger beside the fleet's database."""
        with contextlib.closing(sqlite3.connect(f"file:{self.settings.state}/fleet.sqlite?mode=ro", uri=True)) as base:
            base.execute("PRAGMA busy_timeout = 10000")
            measurements = base.execute("SELECT epoch, seq, number FROM measurements").fetchall()
            events = base.execute("SELECT epoch, seq, message FROM events WHERE kind = 'link'").fetchall()
        stored = [("telemetry", epoch, seq, int(number)) for epoch, seq, number in measurements]
        stored += [("event", epoch, seq, int(text)) for epoch, seq, text in events if text and text.isdigit()]
        noted = self.noted()
        values = Counter(value for *_, value in stored)
        return Outcome(
            len(noted),
            len(stored),
            len(set(noted) - set(stored)),
            sum(count - 1 for count in values.values()),
            len(set(stored) - set(noted)),
        )

    def _command(self, name: str) -> list[str]:
        if self._wire is None:
            return self._program(name)
        return [*(self._wire.near() if name in ("agent", "leaf") else self._wire.far()), *self._program(name)]

    def _program(self, name: str) -> list[str]:
        embedded = self.settings.embedded
        assert embedded is not None
        command: list[object]
        if name == "fleet" and self._broker == "mosquitto":
            command = [*FLEET, "serve", "--state", self.settings.state, "--port", self.settings.port]
            command += ["--broker", f"mqtt://{self._hub_host}:{embedded.mqtt_port}"]
        elif name == "mosquitto":
            file = self.folder / "mosquitto.conf"
            file.write_text(f"user root\nlistener {embedded.mqtt_port} {self._hub_host}\nallow_anonymous true\n")
            command = [shutil.which("mosquitto") or "/usr/sbin/mosquitto", "-c", file]
        elif name == "fleet":
            ports = ["--port", self.settings.port, "--embedded-broker", embedded.mqtt_port]
            command = [*FLEET, "serve", "--state", self.settings.state, *ports, "--leaf-port", embedded.leaf_port]
            command += ["--broker-host", self._hub_host, *(["--tls"] if embedded.tls else [])]
        elif name == "leaf":
            hub = f"nats-leaf://{LOOPBACK}:{self.to_hub.port}"
            if self._wire is not None:
                hub = f"nats-leaf://{FAR}:{embedded.leaf_port}"
            command = [*FLEET, "leaf", "--site", SITE, "--port", self._leaf_port, "--hub", hub]
            command += ["--state", self.folder / "leaf", "--fleet-state", self.settings.state]
        else:
            command = [sys.executable, "-m", "tests.chaos.agent", "--config", self._config]
            command += ["--folder", self.folder, "--rate", self._rate]
        return [str(part) for part in command]
