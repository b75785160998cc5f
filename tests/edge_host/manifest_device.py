"""An agent that runs the manifests of a folder, and bundles to put there."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_host.status_server import socket_file
from tests.edge_host import components
from tests.edge_host.fleet_double import SEED, SITE
from wire import cose, suit
from wire.descriptor import Component, Descriptor, Grant, Probation
from wire.edge_options import EdgeOptions
from wire.profiles import EDGE_PROFILE
from wire.triggers import Every

LOGGING = {"wasi:logging/logging@0.1.0-draft": Grant()}


def bundle(
    sequence: int = 1,
    name: str = "hello",
    *,
    wasm: bytes | None = None,
    seed: bytes = SEED,
    parts: int = 1,
    grants: dict[str, Grant] | None = None,
    edges: tuple[EdgeOptions | None, ...] = (None,) * 8,
) -> bytes:
    """Release `sequence`.0 of a workload as a bundle; it is healthy after two calls."""
    described = tuple(
        Component(f"part-{at}", grants if grants is not None else LOGGING, triggers=(Every(50),), edge=edges[at])
        for at in range(parts)
    )
    descriptor = Descriptor(name, f"{sequence}.0", described, Probation(calls=2, seconds=20))
    return suit.build(descriptor, sequence, EDGE_PROFILE, [wasm or components.logger()] * parts, seed)


class Device:
    """An agent that runs the manifests of a folder; without a `broker` it has no fleet."""

    def __init__(self, folder: Path, broker: int | None = None) -> None:
        self.manifests = folder / "manifests"
        self.manifests.mkdir(parents=True)
        self.state = folder / "state"
        self.log = folder / "agent.log"
        self._config = folder / "agent.toml"
        mqtt = f'[mqtt]\nurl = "mqtt://127.0.0.1:{broker}"\n' if broker else ""
        self._config.write_text(
            f'[device]\nname = "edge-1"\nsite = "{SITE}"\n{mqtt}'
            f'[identity]\nanchors = ["{cose.public_key(SEED).hex()}"]\n'
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, manifests: bool = True, key: Path | None = None, **environment: str) -> Device:
        options = ("--manifests", self.manifests) if manifests else ()
        if key is not None:
            with self._config.open("a") as config:
                config.write(f'[agent]\nsigning-key = "{key}"\n')
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "edge_host", "--config", self._config, *options],
                stdout=log,
                stderr=log,
                env=os.environ | environment,
            )
        return self

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None

    def put(self, name: str, content: bytes | str) -> None:
        """Put a file there in one step."""
        fresh = self.manifests / f".{name}.new"
        fresh.write_bytes(content.encode() if isinstance(content, str) else content)
        fresh.replace(self.manifests / name)

    def ask(self, what: str) -> Any:
        """What the agent answers at its socket."""
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            line.connect(str(socket_file(self.state)))
            line.sendall(json.dumps({"ask": what}).encode() + b"\n")
            answer = json.loads(line.makefile().readline())
        assert answer["ok"], answer
        return answer["answer"]

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = self.ask("status")
        return status

    def workloads(self) -> dict[str, tuple[str, str]]:
        """Version and state of each workload."""
        return {one["name"]: (one["version"], one["state"]) for one in self.status()["members"][0]["workloads"]}

    def wait(self, good: Callable[[dict[str, Any]], bool], seconds: float = 20) -> dict[str, Any]:
        """The status, once it is good."""
        deadline = time.monotonic() + seconds
        status: dict[str, Any] = {}
        while time.monotonic() < deadline:
            try:
                status = self.status()
            except (OSError, ValueError):
                time.sleep(0.05)
                continue
            if good(status):
                return status
            time.sleep(0.05)
        raise AssertionError(f"{json.dumps(status, indent=1)}\n{self.log.read_text()}")

    def wait_workloads(self, **wanted: tuple[str, str]) -> None:
        """Until exactly these are there, by name with version and state."""
        self.wait(
            lambda status: {w["name"]: (w["version"], w["state"]) for w in status["members"][0]["workloads"]} == wanted
        )

    def wait_problem(self, name: str, *texts: str) -> None:
        """Until something is wrong with a file that `texts` tell."""
        self.wait(lambda status: all(text in status["manifests"]["problems"].get(name, "") for text in texts))
