"""Hub and leaf: two real nats-server processes with a device on the leaf and the fleet on the hub."""

import os
import queue
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.server import open_fleet
from fleet.settings import EmbeddedBroker, Settings
from tests.fleet.helpers import EPOCH, PUBLIC_KEY, SITE, Device, bundle, enroll_board, free_port, wait_until
from wire import topics
from wire.messages import Ack

COMMAND = [sys.executable, "-c", "from fleet.commands import app; app()"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    embedded = EmbeddedBroker(mqtt_port=free_port(), leaf_port=free_port())
    return Settings(state=tmp_path / "fleet", embedded=embedded)


@pytest.fixture
def leaf_port() -> int:
    return free_port()


@pytest.fixture
def leaf(settings: Settings, leaf_port: int, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A site's leaf as `petiole fleet leaf` starts it; the site's account is made on a hub that runs already."""
    with open_fleet(settings) as fleet:
        fleet.add_site(SITE)
        enroll_board(fleet, "an505-1")
    assert settings.embedded is not None
    command = [*COMMAND, "leaf", "--site", SITE, "--port", str(leaf_port), "--state", str(tmp_path / "leaf")]
    hub = f"nats-leaf://127.0.0.1:{settings.embedded.leaf_port}"
    process = subprocess.Popen(
        [*command, "--hub", hub, "--fleet-state", str(settings.state)], stderr=subprocess.DEVNULL
    )
    yield process
    process.terminate()
    process.wait(10)


def connected(leaf_port: int) -> Device:
    def try_once() -> Device | None:
        device = Device("an505-1", leaf_port)
        try:
            return device.__enter__()
        except OSError:
            return None

    return wait_until(try_once, "the leaf to listen")


def send_until_acknowledged(device: Device, first: int, value: float) -> tuple[int, int]:
    """Sends a record again until it is acknowledged, as an outbox does; earlier acknowledgements may come again."""

    def try_once() -> tuple[int, int] | None:
        device.telemetry(first, value)
        try:
            found = Ack.decode(device.inbox[topics.ACK].get(timeout=1)).telemetry
        except queue.Empty:
            return None
        return found if found is not None and found >= (EPOCH, first) else None

    return wait_until(try_once, f"record {first} to be acknowledged")


def test_records_cross_the_leaf_and_a_hub_that_was_away_gets_them_later(
    settings: Settings, leaf: subprocess.Popen[bytes], leaf_port: int
) -> None:
    device = connected(leaf_port)
    with open_fleet(settings) as fleet:
        assert send_until_acknowledged(device, 1, 20.0) == (EPOCH, 1)
        fleet.add_anchor("release", PUBLIC_KEY)
        code = b"across the leaf" * 5000
        release = fleet.add_release(bundle(code=code))
        fleet.deploy("an505-1", "thermometer", release.release)
        (workload,) = device.desired().workloads
        answer = device.block(workload.digest, 0, 65_536)
        assert answer.data == code[:65_536]
    device.telemetry(2, 21.0)
    with open_fleet(settings) as fleet:
        assert send_until_acknowledged(device, 2, 21.0) == (EPOCH, 2)
        assert send_until_acknowledged(device, 3, 22.0) == (EPOCH, 3)
        assert [row.value for row in fleet.telemetry("an505-1")] == [20.0, 21.0, 22.0]
    device.__exit__()


def test_a_site_cannot_speak_for_another(settings: Settings, leaf: subprocess.Popen[bytes], leaf_port: int) -> None:
    device = connected(leaf_port)
    with open_fleet(settings) as fleet:
        fleet.add_site("orchard")
        enroll_board(fleet, "orchard-1", "orchard")
        device.send(topics.TELEMETRY, b"\xa0", site="orchard", device="orchard-1")
        device.send(topics.DESIRED, b"\xa0", site="orchard", device="orchard-1")
        assert send_until_acknowledged(device, 1, 20.0) == (EPOCH, 1)
        counters = fleet.health().counters
        assert (counters["malformed"], counters["foreign"]) == (0, 0)
    device.__exit__()


def test_the_hub_is_started_again_when_it_dies(settings: Settings) -> None:
    with open_fleet(settings) as fleet:
        fleet.add_site(SITE)
        wait_until(lambda: fleet.health().broker, "the broker")
        pid_file = settings.broker_folder / "hub.pid"
        first = int(pid_file.read_text())
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: pid_file.read_text() not in {"", str(first)}, "another nats-server")
        wait_until(lambda: fleet.health().broker, "the broker to be back")


def test_a_hub_that_hangs_at_a_change_of_sites_is_started_again_and_knows_the_change(settings: Settings) -> None:
    with open_fleet(settings) as fleet:
        pid_file = settings.broker_folder / "hub.pid"
        first = int(pid_file.read_text())
        os.kill(first, signal.SIGSTOP)
        fleet.add_site(SITE)
        wait_until(lambda: pid_file.read_text() not in {"", str(first)}, "another nats-server")
        with Device.enrolled(fleet, "an505-1", settings.broker.port) as device:
            assert send_until_acknowledged(device, 1, 20.0) == (EPOCH, 1)


def test_a_leaf_that_hangs_or_lost_its_store_is_started_again_and_loses_nothing(
    settings: Settings, leaf: subprocess.Popen[bytes], leaf_port: int, tmp_path: Path
) -> None:
    """What the leaf held is gone with its store; the device sends again what was not acknowledged."""
    pid_file = tmp_path / "leaf" / "leaf.pid"
    device = connected(leaf_port)
    with open_fleet(settings) as fleet:
        assert send_until_acknowledged(device, 1, 20.0) == (EPOCH, 1)
        first = pid_file.read_text()
        os.kill(int(first), signal.SIGSTOP)
        wait_until(lambda: pid_file.read_text() not in {"", first}, "another nats-server")
        assert send_until_acknowledged(device, 2, 21.0) == (EPOCH, 2)
        second = pid_file.read_text()
        shutil.rmtree(tmp_path / "leaf" / "jetstream")
        os.kill(int(second), signal.SIGKILL)
        wait_until(lambda: pid_file.read_text() not in {"", second}, "a third nats-server")
        assert send_until_acknowledged(device, 3, 22.0) == (EPOCH, 3)
        assert [row.value for row in fleet.telemetry("an505-1")] == [20.0, 21.0, 22.0]
    device.__exit__()


def test_the_leaf_says_what_it_lacks(tmp_path: Path) -> None:
    command = [*COMMAND, "leaf", "--site", SITE, "--port", "1", "--hub", "nats-leaf://127.0.0.1:1"]
    for options, expected in (
        ([], "needs the site's password"),
        (["--fleet-state", str(tmp_path)], "make it with `petiole fleet site`"),
    ):
        ended = subprocess.run([*command, *options], cwd=Path.cwd(), capture_output=True, text=True, check=False)
        assert ended.returncode == 1
        assert expected in ended.stderr
        assert "Traceback" not in ended.stderr


def test_secrets_are_readable_by_their_owner_alone(settings: Settings) -> None:
    with open_fleet(settings) as fleet:
        fleet.add_site(SITE)
    for pattern in ("broker/hub.conf", "broker/leaves/*.password", "identity/*.key"):
        found = list(settings.state.glob(pattern))
        assert found
        assert all(file.stat().st_mode & 0o077 == 0 for file in found)
