"""Takes pictures of the dashboard for the README.

Starts a fleet with its own hub, plays a small site, and drives chromium. Run from the repository's root:
`python -m docs.screenshot`. Needs Debian's `chromium` and playwright from PyPI. Nothing leaves this machine.
"""

import argparse
import hashlib
import math
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nacl.signing
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import NameOID
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Page, sync_playwright

from fleet.operations import Operations
from fleet.server import make_server, open_fleet
from fleet.services.clock import unix_ms
from fleet.settings import EmbeddedBroker, Settings
from wire import senml, topics
from wire.descriptor import Component, Descriptor
from wire.messages import Event, EventBatch, QueueDepth, Reported, ReportedWorkload, TelemetryBatch
from wire.profiles import EDGE_PROFILE
from wire.suit import build

IMAGES = Path(__file__).parent / "images"
PORT, MQTT_PORT = 18090, 18893
SITE = "greenhouse"
SEED = bytes(32)
PROFILE = "petiole:host@0.1.0 wasmtime-48 pulley32 5f3a9c1e"
MINUTES = 4
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Player:
    """Sends what the devices of a small site would send."""

    def __init__(self, fleet: Operations) -> None:
        self._fleet = fleet
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="player", protocol=paho.MQTTv311)
        self._client.connect("127.0.0.1", MQTT_PORT)
        self._client.loop_start()

    def enroll(self, name: str, site: str, kind: str) -> None:
        """Makes a device known; nobody keeps the keys, the pictures need none."""
        token = self._fleet.new_token(site).token
        facts = {
            "board": "qemu-an505" if kind == "board" else "x86-64",
            "profile": PROFILE if kind == "board" else EDGE_PROFILE,
        }
        facts |= {"firmware": "0.1.0", "heap size": "81920", "labels": "i2c-env, led"}
        is_edge = kind == "edge"
        self._fleet.enroll(
            token=token,
            device=name,
            kind="edge" if is_edge else "board",
            public_key=None if is_edge else hashlib.sha256(name.encode()).hexdigest(),
            csr=_signing_request(name) if is_edge else None,
            facts=facts,
        )

    def report(self, device: str, site: str, workloads: list[ReportedWorkload], queued: int = 0) -> None:
        """Sends a report."""
        queue = QueueDepth(telemetry=queued, event=0, oldest=None)
        message = Reported(unix_ms(), self._fleet.device(device).revision.desired, tuple(workloads), {}, queue)
        self._publish(site, device, topics.REPORTED, message.encode())

    def telemetry(self, device: str, site: str, first: int, points: list[tuple[float, str, str, float]]) -> None:
        """Sends measurements: time in seconds, name, unit, value."""
        packs = [
            senml.encode(senml.Measurement(device, "thermometer", name, unit, value, at))
            for at, name, unit, value in points
        ]
        self._publish(site, device, topics.TELEMETRY, TelemetryBatch(1, first, tuple(packs)).encode())

    def events(self, device: str, site: str, events: list[Event]) -> None:
        """Sends events."""
        self._publish(site, device, topics.EVENT, EventBatch(1, 1, tuple(events)).encode())

    def _publish(self, site: str, device: str, kind: str, payload: bytes) -> None:
        self._client.publish(topics.topic(site, device, kind), payload, qos=1).wait_for_publish(5)


@contextmanager
def running_fleet() -> Iterator[Operations]:
    """A fleet with its dashboard in this process, its files in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(state=Path(folder), port=PORT, embedded=EmbeddedBroker(mqtt_port=MQTT_PORT))
        with open_fleet(settings) as fleet:
            server = make_server(settings, fleet)
            thread = threading.Thread(target=server.run)
            thread.start()
            while not server.started:
                time.sleep(0.05)
            try:
                yield fleet
            finally:
                server.should_exit = True
                thread.join()


def play(fleet: Operations) -> None:
    """A site with a day behind it: telemetry, an update, and a release that took itself back."""
    player = Player(fleet)
    for site in (SITE, "orchard"):
        fleet.add_site(site)
    fleet.add_anchor("release", bytes(nacl.signing.SigningKey(SEED).verify_key).hex())
    digests = [bytes.fromhex(_release(fleet, version, at)) for at, version in enumerate(("1.0.0", "2.0.0", "3.0.0"), 1)]
    good = _workload("thermometer", "2.0.0", "confirmed", digests[1])
    bad = _workload(
        "thermometer",
        "3.0.0",
        "rolled-back",
        digests[2],
        reason="trap: wasm unreachable instruction executed",
        previous="2.0.0",
    )
    coming = _workload("thermometer", "2.0.0", "downloading", digests[1], previous="1.0.0", offset=7_300, size=11_424)
    blinky = _workload("blinky", "1.0.0", "confirmed", digests[0])
    devices = {
        "an505-1": [bad],
        "an505-2": [good],
        "edge-1": [good, blinky],
        "riscv32-1": [blinky],
        "riscv32-2": [coming],
    }
    for name, workloads in devices.items():
        player.enroll(name, SITE, "edge" if name.startswith("edge") else "board")
        player.report(name, SITE, workloads, queued=12 if name == "riscv32-2" else 0)
    player.enroll("orchard-1", "orchard", "board")
    fleet.deploy("an505-1", "thermometer", digests[2].hex())
    player.report("an505-1", SITE, [bad])
    _an505(player)


def _an505(player: Player) -> None:
    now = unix_ms()
    points = []
    for at in range(MINUTES * 60):
        moment = now / 1000 - MINUTES * 60 + at
        wave = 21.5 + 1.5 * math.sin(at / 40) + random.uniform(-0.1, 0.1)  # noqa: S311
        points.append((moment, "temperature", "Cel", wave + (3 if at > 150 else 0)))
        points.append((moment, "humidity", "%RH", 48 - 4 * math.sin(at / 55) + random.uniform(-0.3, 0.3)))  # noqa: S311
    player.telemetry("an505-1", SITE, 1, points)
    steps = [
        ("2.0.0", "staged", ""),
        ("2.0.0", "probation", ""),
        ("2.0.0", "confirmed", ""),
        ("3.0.0", "downloading", ""),
    ]
    steps += [("3.0.0", "probation", ""), ("3.0.0", "rolled-back", "trap: wasm unreachable instruction executed")]
    events = [Event(now - 230_000, "boot", message="started after a reset by the watchdog")]
    events += [
        Event(now - 150_000 + 30_000 * at, "state", "thermometer", version, state=state, reason=reason)
        for at, (version, state, reason) in enumerate(steps)
    ]
    events += [
        Event(
            now - 2_000, "log", "thermometer", "3.0.0", "warn", "sensor", "reading 10 differs by more than 2 degrees"
        ),
        Event(now - 1_000, "trap", "thermometer", "3.0.0", "error", "handler", "unreachable at wasm offset 0x4c1"),
        Event(now, "log", "thermometer", "2.0.0", "info", "sensor", "TMP105 at 0x48 answers again"),
    ]
    player.events("an505-1", SITE, events)


def _signing_request(name: str) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = (
        x509.CertificateSigningRequestBuilder().subject_name(subject).sign(ed25519.Ed25519PrivateKey.generate(), None)
    )
    return request.public_bytes(serialization.Encoding.PEM).decode()


def _release(fleet: Operations, version: str, sequence: int) -> str:
    descriptor = Descriptor("thermometer", version, (Component("thermometer"),))
    return fleet.add_release(build(descriptor, sequence, PROFILE, [bytes(11_424)], SEED)).release


def _workload(
    name: str,
    version: str,
    state: str,
    release: bytes,
    *,
    reason: str = "",
    previous: str | None = None,
    offset: int = 0,
    size: int = 0,
) -> ReportedWorkload:
    return ReportedWorkload(name, version, int(version[0]), release, state, reason, offset, size, previous)


def shoot(page: Page, path: str, name: str, ready: str, folder: Path) -> None:
    """Takes one picture of a page once `ready` is seen."""
    page.goto(f"http://127.0.0.1:{PORT}{path}")
    page.wait_for_selector(ready)
    page.wait_for_timeout(1500)
    page.screenshot(path=folder / f"{name}.png")


def main() -> None:
    """Writes the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=IMAGES, help="folder for the pictures")
    folder = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)
    with running_fleet() as fleet, sync_playwright() as playwright:
        play(fleet)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for suffix, scheme in (("", "light"), ("-dark", "dark")):
            page = browser.new_page(
                viewport={"width": 1360, "height": 860}, color_scheme="dark" if scheme == "dark" else "light"
            )
            shoot(page, "/", f"dashboard-devices{suffix}", "text=an505-1", folder)
            shoot(page, "/devices/an505-1", f"dashboard-device{suffix}", "[data-series=temperature]", folder)
            shoot(page, "/releases", f"dashboard-releases{suffix}", "text=thermometer", folder)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
