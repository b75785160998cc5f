"""The uplink against a broker that asks for client certificates, and one that goes away."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge_host.config import Mqtt
from edge_host.uplink import Uplink
from tests.edge_host.conftest import Broker, free_port

NOW = datetime.datetime.now(datetime.UTC)


def certificate(
    name: str, folder: Path, issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A certificate and its key, also as `<name>.pem` and `<name>.key`; without an issuer a CA."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(hours=1))
        .not_valid_after(NOW + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(issuer[1] if issuer else key, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(built.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return built, key


def mosquitto(folder: Path, port: int, *lines: str) -> list[str | Path]:
    """The command of a mosquitto on loopback."""
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    if not Path(program).exists():
        pytest.skip("mosquitto is not installed")
    file = folder / "mosquitto.conf"
    file.write_text("\n".join(["user root", f"listener {port} 127.0.0.1", *lines, ""]))
    return [program, "-c", file]


@pytest.fixture(params=["nats-server", "mosquitto"])
def tls_port(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[int]:
    authority = certificate("ca", tmp_path, None)
    certificate("server", tmp_path, authority)
    certificate("edge-1", tmp_path, authority)
    certificate("stranger", tmp_path, None)
    port = free_port()
    (tmp_path / "nats.conf").write_text(
        f'server_name: tls\nlisten: "127.0.0.1:{free_port()}"\njetstream {{ store_dir: "{tmp_path}/store" }}\n'
        f'mqtt {{ listen: "127.0.0.1:{port}", tls {{ verify: true, ca_file: "{tmp_path}/ca.pem", '
        f'cert_file: "{tmp_path}/server.pem", key_file: "{tmp_path}/server.key" }} }}\n'
    )
    command: list[str | Path] = [Path(sys.executable).parent / "nats-server", "-c", tmp_path / "nats.conf"]
    if request.param == "mosquitto":
        files = [f"cafile {tmp_path}/ca.pem", f"certfile {tmp_path}/server.pem", f"keyfile {tmp_path}/server.key"]
        (tmp_path / "who").write_text("user edge-1\ntopic readwrite petiole/s/d/#\n")
        users = ["require_certificate true", "use_identity_as_username true", f"acl_file {tmp_path}/who"]
        command = mosquitto(tmp_path, port, *files, *users)
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        yield port
        process.kill()


async def echo(uplink: Uplink, received: asyncio.Queue[tuple[str, bytes]], payload: bytes) -> tuple[str, bytes]:
    await asyncio.wait_for(uplink.connected.wait(), 20)
    assert uplink.publish("petiole/s/d/reported", payload)
    return await asyncio.wait_for(received.get(), 20)


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the condition did not come true")


def connect(mqtt: Mqtt, received: asyncio.Queue[tuple[str, bytes]]) -> Uplink:
    return Uplink(
        mqtt,
        "uplink-test",
        ["petiole/s/d/#"],
        on_message=lambda topic, payload: received.put_nowait((topic, payload)),
        on_connected=lambda: None,
        on_kicked=lambda: None,
        on_ready=lambda: None,
    )


def test_messages_go_through_tls_with_a_client_certificate(tls_port: int, tmp_path: Path) -> None:
    async def run() -> None:
        received: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        files = (tmp_path / "ca.pem", tmp_path / "edge-1.pem", tmp_path / "edge-1.key")
        uplink = connect(Mqtt("127.0.0.1", tls_port, True, *files), received)
        task = asyncio.create_task(uplink.run())
        payload = bytes(300_000)
        assert await echo(uplink, received, payload) == ("petiole/s/d/reported", payload)
        task.cancel()
        await asyncio.wait([task])
        assert not uplink.publish("petiole/s/d/reported", b"late")

    asyncio.run(run())


AS_THE_AGENT_IMPORTS = """
import sys
from edge_host.postponed import postpone_openssl
postpone_openssl()
import asyncio
from pathlib import Path
from edge_host.config import Mqtt
from edge_host.uplink import Uplink

port, *files = sys.argv[1:]

async def run():
    received = asyncio.Queue()
    take = lambda topic, payload: received.put_nowait(payload)
    nothing = lambda: None
    mqtt = Mqtt("127.0.0.1", int(port), True, *map(Path, files))
    uplink = Uplink(
        mqtt, "late", ["petiole/s/d/#"], on_message=take, on_connected=nothing, on_kicked=nothing, on_ready=nothing
    )
    assert "_ssl" not in sys.modules
    task = asyncio.create_task(uplink.run())
    await asyncio.wait_for(uplink.connected.wait(), 20)
    assert "_ssl" in sys.modules
    uplink.publish("petiole/s/d/reported", bytes(300_000))
    assert await asyncio.wait_for(received.get(), 20) == bytes(300_000)
    task.cancel()
    await asyncio.wait([task])

asyncio.run(run())
"""


def test_openssl_loads_at_the_first_tls_connection(tls_port: int, tmp_path: Path) -> None:
    files = (tmp_path / "ca.pem", tmp_path / "edge-1.pem", tmp_path / "edge-1.key")
    subprocess.run([sys.executable, "-c", AS_THE_AGENT_IMPORTS, str(tls_port), *files], check=True, timeout=60)


def test_a_certificate_of_another_authority_does_not_connect(
    tls_port: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        files = (tmp_path / "ca.pem", tmp_path / "stranger.pem", tmp_path / "stranger.key")
        uplink = connect(Mqtt("127.0.0.1", tls_port, True, *files), asyncio.Queue())
        task = asyncio.create_task(uplink.run())
        await until(lambda: "broker" in caplog.text)
        assert not uplink.connected.is_set()
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(run())


def test_pauses_before_a_new_connection_grow_and_are_drawn_by_lot(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    lots = cycle((0.0, 1.0, 0.5))

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 12:
            raise asyncio.CancelledError

    async def run() -> None:
        uplink = connect(Mqtt("127.0.0.1", free_port(), False, None, None, None), asyncio.Queue())
        with monkeypatch.context() as patch:
            patch.setattr("edge_host.uplink.asyncio.sleep", sleep)
            patch.setattr("edge_host.uplink.lot", lambda: next(lots))
            with pytest.raises(asyncio.CancelledError):
                await uplink.run()

    asyncio.run(run())
    assert pauses[:4] == [0.25, 1.0, 1.5, 2.0]
    assert pauses[-3:] == [30.0, 60.0, 45.0], "never longer than a minute"


def test_the_connection_comes_back_after_the_broker(tmp_path: Path) -> None:
    async def run() -> None:
        broker = Broker(tmp_path)
        received: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        uplink = connect(Mqtt("127.0.0.1", broker.port, False, None, None, None), received)
        task = asyncio.create_task(uplink.run())
        try:
            for round_number in range(2):
                await asyncio.to_thread(broker.start)
                assert (await echo(uplink, received, bytes([round_number])))[1] == bytes([round_number])
                await asyncio.to_thread(broker.stop)
                await until(lambda: not uplink.connected.is_set())
        finally:
            task.cancel()
            await asyncio.wait([task])
            broker.stop()

    asyncio.run(run())
