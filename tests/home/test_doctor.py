"""`petiole agent doctor`: every ill is named with what to do, and a healthy machine is called so."""

from __future__ import annotations

import json
import os
import pty
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge_host.admin import check_hardware, check_machine, check_network, doctor
from edge_host.admin.findings import BAD, OK, WARN, Finding, Person
from edge_host.boards.usb import UsbPort
from edge_host.config import Config, load
from edge_host.kernel_clock import UNKEPT, Accuracy
from edge_host.lock import lock_port
from tests.home.conftest import config_text

ME = Person("me", os.geteuid(), frozenset(os.getgroups()))
OTHER = Person("petiole", 54321, frozenset({54321}))
TLS = '[identity]\nca = "ca.pem"\ncertificate = "certificate.pem"\nkey = "key.pem"\n'


def configured(folder: Path, extra: str = "", url: str = "mqtt://127.0.0.1:1") -> Config:
    file = folder / "agent.toml"
    text = config_text(extra).replace("mqtt://127.0.0.1:1", url)
    file.write_text(text.replace("[identity]\n", TLS) if url.startswith("mqtts") else text)
    return load(file)


def only(findings: Iterator[Finding]) -> Finding:
    (finding,) = findings
    return finding


class Authority:
    """Signs certificates into a folder."""

    def __init__(self, name: str = "authority") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._sign(self.name, self.key, 3650, authority=True)

    def _sign(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, days: float, *, authority: bool = False
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=30))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def write(
        self, folder: Path, *, days: float = 365, certificate: str = "certificate.pem", key: str = "key.pem"
    ) -> None:
        made = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "edge-1")])
        pem = serialization.Encoding.PEM
        (folder / "ca.pem").write_bytes(self.certificate.public_bytes(pem))
        (folder / certificate).write_bytes(self._sign(name, made, days).public_bytes(pem))
        (folder / key).write_bytes(
            made.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        (folder / key).chmod(0o600)


AUTHORITY = Authority()


@pytest.fixture(scope="module")
def secure_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A broker that wants a client certificate."""
    folder = tmp_path_factory.mktemp("broker")
    AUTHORITY.write(folder)
    ports = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    (folder / "nats.conf").write_text(
        f'server_name: test\nlisten: "127.0.0.1:{ports[0]}"\njetstream {{ store_dir: "{folder}/nats" }}\n'
        f'mqtt {{ listen: "127.0.0.1:{ports[1]}", tls {{ cert_file: "{folder}/certificate.pem", '
        f'key_file: "{folder}/key.pem", ca_file: "{folder}/ca.pem", verify: true }} }}\n'
    )
    server = Path(sys.executable).parent / "nats-server"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([server, "-c", folder / "nats.conf"], stdout=log, stderr=log)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", ports[1]), 1).close()
            break
        except OSError:
            time.sleep(0.05)
    yield ports[1]
    process.kill()
    process.wait()


def test_a_broker_that_lets_the_device_in(tmp_path: Path, secure_broker: int) -> None:
    AUTHORITY.write(tmp_path)
    config = configured(tmp_path, url=f"mqtts://localhost:{secure_broker}")
    assert only(check_network.broker(config)) == Finding("broker", OK, f"localhost:{secure_broker} lets this device in")
    assert only(check_network.certificate(config)).level == OK


def test_what_is_wrong_with_a_broker_is_told_apart(
    tmp_path: Path, secure_broker: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    Authority("stranger").write(tmp_path)
    found = only(check_network.broker(configured(tmp_path, url=f"mqtts://localhost:{secure_broker}")))
    assert (found.level, "is not trusted: " in found.message) == (BAD, True)
    AUTHORITY.write(tmp_path)
    found = only(check_network.broker(configured(tmp_path, url=f"mqtts://127.0.0.1:{secure_broker}")))
    assert (found.level, "IP address mismatch" in found.message) == (BAD, True)
    found = only(check_network.broker(configured(tmp_path)))
    assert (found.level, found.message) == (BAD, "127.0.0.1:1 cannot be reached: Connection refused")
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        monkeypatch.setattr(check_network, "SECONDS", 0.5)
        found = only(check_network.broker(configured(tmp_path, url=f"mqtt://127.0.0.1:{mute.getsockname()[1]}")))
    assert (found.level, "does not let this device in: no answer" in found.message) == (BAD, True)


def test_a_strangers_certificate_is_not_let_in(tmp_path: Path, secure_broker: int) -> None:
    AUTHORITY.write(tmp_path)
    ca = (tmp_path / "ca.pem").read_bytes()
    Authority("stranger").write(tmp_path)
    (tmp_path / "ca.pem").write_bytes(ca)
    found = only(check_network.broker(configured(tmp_path, url=f"mqtts://localhost:{secure_broker}")))
    assert found.level == BAD


@pytest.mark.parametrize(
    ("days", "after", "level", "said"),
    [
        (365, 0, OK, "is valid until"),
        (5, 0, WARN, "expires in 4 days"),
        (365, 366, BAD, "has expired"),
        (9, -60, BAD, "only from"),
    ],
)
def test_dates_of_a_certificate(tmp_path: Path, days: int, after: int, level: str, said: str) -> None:
    AUTHORITY.write(tmp_path, days=days)
    config = configured(tmp_path, url="mqtts://localhost")
    found = only(check_network.certificate(config, time.time() + after * check_network.DAY))
    assert (found.level, said in found.message) == (level, True)


def test_a_certificate_of_another_key(tmp_path: Path) -> None:
    AUTHORITY.write(tmp_path)
    AUTHORITY.write(tmp_path, certificate="other.pem")
    found = only(check_network.certificate(configured(tmp_path, url="mqtts://localhost")))
    assert (found.level, "does not work with" in found.message) == (BAD, True)


def test_files_that_the_agent_may_not_read(tmp_path: Path) -> None:
    AUTHORITY.write(tmp_path)
    config = configured(tmp_path, url="mqtts://localhost")
    assert {found.level for found in check_machine.files(config, ME)} == {OK}
    (tmp_path / "key.pem").chmod(0o644)
    assert [found.level for found in check_machine.files(config, ME)] == [OK, OK, OK, WARN]
    tmp_path.chmod(0o700)
    assert {found.advice for found in check_machine.files(config, OTHER)} == {"sudo petiole agent install"}
    (tmp_path / "key.pem").unlink()
    assert [found.message for found in check_machine.files(config, ME)][-1].endswith("key.pem is missing")


def test_secrets_that_the_agent_may_not_read(tmp_path: Path) -> None:
    config = configured(tmp_path, '[agent]\nsecrets = "secrets"\n')
    (tmp_path / "secrets").mkdir(mode=0o700)
    (found,) = (entry for entry in check_machine.files(config, OTHER) if "the secrets in" in entry.message)
    assert (found.level, found.advice.startswith("chgrp -R petiole ")) == (BAD, True)
    assert {entry.level for entry in check_machine.files(config, ME)} == {OK}


def test_clocks() -> None:
    for accuracy, level in ((None, BAD), (Accuracy(UNKEPT, 0), WARN), (Accuracy(2_000_000, 0), OK)):
        assert only(check_machine.clock(accuracy, asked=True)).level == level


def test_disk_and_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = configured(tmp_path)
    assert only(check_machine.state(config, ME)).level == OK
    config.state.mkdir()
    found = only(check_machine.state(config, OTHER))
    assert (found.level, found.advice) == (BAD, f"chown -R petiole {config.state}")
    real = os.statvfs(tmp_path)
    for free, flags, level in ((1 << 40, 0, OK), (50 << 20, 0, WARN), (1 << 20, 0, BAD), (1 << 40, os.ST_RDONLY, BAD)):
        numbers = list(real[:10])
        numbers[0:2], numbers[4], numbers[7], numbers[8] = [4096, 4096], free // 4096, 1000, flags
        monkeypatch.setattr("os.statvfs", lambda _, numbers=numbers: os.statvfs_result(numbers))
        assert only(check_machine.disk(config)).level == level


def test_the_engine_runs_here(tmp_path: Path) -> None:
    assert only(check_machine.engine(configured(tmp_path))).level == OK


def test_hardware_that_is_not_there(tmp_path: Path) -> None:
    extra = '[labels.relay]\ninterface = "wasi:gpio/digital"\nbackend = "linux"\nline = 1\nchip = "/dev/gpiochip77"\n'
    found = [entry for entry in check_hardware.labels(configured(tmp_path, extra), ME) if "gpiochip77" in entry.message]
    assert [(entry.level, entry.advice) for entry in found] == [(BAD, "list the chips with: gpiodetect")]


def test_a_port_that_may_not_be_opened_or_is_open_elsewhere(tmp_path: Path) -> None:
    parent, child = pty.openpty()
    port = os.ttyname(child)
    os.chmod(port, 0o600)  # noqa: PTH101
    config = configured(tmp_path, f'[[boards]]\nname = "b"\nport = "{port}"\n')
    (found,) = check_hardware.labels(config, OTHER)
    assert (found.level, "petiole may not open" in found.message) == (BAD, True)
    holder = subprocess.Popen([sys.executable, "-c", f"f = open({port!r}); print('open', flush=True); input()"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    assert holder.stdout is not None
    holder.stdout.readline()
    found = next(entry for entry in check_hardware.ports(config) if entry.level == BAD)
    assert f"(process {holder.pid})" in found.message
    holder.communicate(b"\n")
    lock = lock_port(port, "petiole agent edge-1")
    found = next(iter(check_hardware.ports(config)))
    assert (found.level, "used by process" in found.message) == (OK, True)
    lock.release()
    os.close(parent)
    os.close(child)


def test_programs_that_grab_ports_and_the_console(tmp_path: Path) -> None:
    proc = tmp_path / "proc"
    (proc / "77").mkdir(parents=True)
    (proc / "77/comm").write_text("ModemManager\n")
    (proc / "cmdline").write_text("console=ttyAMA77,115200 root=/dev/x\n")
    config = configured(tmp_path, '[[boards]]\nname = "b"\nport = "/dev/ttyAMA77"\n')
    found = list(check_hardware.ports(config, proc=proc))
    assert [(entry.level, entry.message) for entry in found] == [
        (BAD, "board b: /dev/ttyAMA77 is the kernel's console"),
        (WARN, "ModemManager runs on this machine"),
    ]
    assert "systemctl disable --now ModemManager" in found[1].advice


def test_boards_that_are_looked_for(tmp_path: Path) -> None:
    config = configured(tmp_path, '[[boards]]\nname = "b"\n')
    bridge = UsbPort("/dev/ttyUSB77", 0x10C4, 0xEA60)
    (found,) = check_hardware.ports(config, [bridge], tmp_path)
    assert (found.level, "other ports: /dev/ttyUSB77 (USB 10c4:ea60)" in found.advice) == (WARN, True)
    assert list(check_hardware.ports(config, [UsbPort("/dev/ttyACM77", 0x303A, 0x1001)], tmp_path)) == []


def test_a_unit_that_lacks_a_device_is_told(tmp_path: Path) -> None:
    config = configured(tmp_path, '[[boards]]\nname = "b"\nport = "/dev/ttyACM0"\n')
    unit = tmp_path / "unit"
    assert only(doctor.service(config, (unit,))).level == OK
    unit.write_text("[Service]\n")
    found = only(doctor.service(config, (unit,)))
    assert (found.level, "DeviceAllow=char-ttyACM rw" in found.message) == (BAD, True)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "petiole", "agent", "doctor", *arguments],
        *(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_command_ends_with_1_when_something_is_wrong(tmp_path: Path) -> None:
    config = configured(tmp_path)
    done = run("--config", str(config.file))
    assert done.returncode == 1
    assert "BAD  broker: 127.0.0.1:1 cannot be reached" in done.stdout
    assert "       -> does the broker run" in done.stdout
    told = json.loads(run("--config", str(config.file), "--json").stdout)
    assert (
        told["ok"],
        {"check": "engine", "level": "ok", "message": "wasmtime runs a component", "advice": ""} in told["findings"],
    ) == (False, True)
    assert run("--config", str(tmp_path / "none.toml")).returncode == 1


def test_the_command_ends_with_0_where_the_agent_can_work(tmp_path: Path, secure_broker: int) -> None:
    AUTHORITY.write(tmp_path)
    config = configured(tmp_path, url=f"mqtts://localhost:{secure_broker}")
    done = run("--config", str(config.file))
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "The agent can work here.")
