"""`petiole agent install`: the unit allows what the configuration names and nothing else, and systemd takes it."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from edge_host.admin import install
from tests.home.conftest import config_text

HARDWARE = """
[labels.env]
interface = "wasi:i2c/i2c"
backend = "linux"
bus = 1
[labels.display]
interface = "wasi:spi/spi"
backend = "linux"
bus = 0
chip-select = 1
[labels.relay]
interface = "wasi:gpio/digital"
backend = "linux"
line = 17
[labels.model]
interface = "wasi:gpio/digital"
backend = "simulated"
[[boards]]
name = "fixed"
port = "/dev/ttyAMA0"
[[boards]]
name = "wandering"
[[boards]]
name = "emulated"
port = "socket://127.0.0.1:5001"
"""
PWM = '[labels.dimmer]\ninterface = "wasi:gpio/pwm"\nbackend = "linux"\nchannel = 0\n'
verifiable = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


class Image:
    """The root folder of a machine that is not this one."""

    def __init__(self, root: Path, extra: str = "") -> None:
        self.root = root
        self.config = root / "etc/petiole/agent.toml"
        self.config.parent.mkdir(parents=True)
        text = config_text(extra).replace('site = "greenhouse"', 'site = "greenhouse"\nstate = "/var/lib/petiole"')
        self.config.write_text(text)
        self.config.chmod(0o600)
        (root / "etc/group").write_text(
            f"root:x:0:\npetiole:x:{os.getegid()}:\ni2c:x:998:\ndialout:x:20:\ngpio:x:997:\n"
        )

    def install(self, *more: str) -> int:
        return install.main(["--root", str(self.root), "--config", "/etc/petiole/agent.toml", *more])

    @property
    def unit(self) -> str:
        return (self.root / "etc/systemd/system/petiole-agent.service").read_text()


def values(unit: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", unit, re.MULTILINE)


def test_devices_and_groups_are_those_of_labels_and_boards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = Image(tmp_path, HARDWARE)
    assert image.install() == 0
    assert values(image.unit, "DevicePolicy") == ["closed"]
    assert values(image.unit, "DeviceAllow") == [
        *("/dev/gpiochip0 rw", "/dev/i2c-1 rw", "/dev/spidev0.1 rw", "/dev/ttyAMA0 rw"),
        *("char-ttyACM rw", "char-ttyUSB rw"),
    ]
    assert values(image.unit, "SupplementaryGroups") == ["dialout gpio i2c"]
    assert "no group 'spi' on this machine" in capsys.readouterr().out
    assert values(image.unit, "ReadWritePaths") == ["-/run/lock"]


def test_without_hardware_there_are_no_devices(tmp_path: Path) -> None:
    image = Image(tmp_path)
    assert image.install() == 0
    assert values(image.unit, "DeviceAllow") == []
    assert values(image.unit, "ProtectKernelTunables") == ["yes"]


RESOURCES = """
[labels.meter]
interface = "petiole:serial/ports"
backend = "linux"
port = "/dev/ttyUSB0"
[labels.shared]
interface = "wasi:filesystem/preopens"
path = "/srv/shared"
[labels.manual]
interface = "wasi:filesystem/preopens"
path = "/srv/manual"
read-only = true
"""


def test_serial_labels_and_folders_that_guests_write(tmp_path: Path) -> None:
    image = Image(tmp_path, RESOURCES)
    assert image.install() == 0
    assert values(image.unit, "DeviceAllow") == ["char-ttyUSB rw"]
    assert values(image.unit, "SupplementaryGroups") == ["dialout"]
    assert values(image.unit, "ReadWritePaths") == ["-/run/lock -/srv/shared"]


def test_pwm_needs_to_write_below_sys(tmp_path: Path) -> None:
    image = Image(tmp_path, PWM)
    assert image.install() == 0
    assert values(image.unit, "ProtectKernelTunables") == ["no"]


def test_the_agent_may_read_its_configuration_and_nobody_else(tmp_path: Path) -> None:
    image = Image(tmp_path)
    assert image.install() == 0
    assert stat.S_IMODE(image.config.stat().st_mode) == 0o640
    assert "u petiole - " in (tmp_path / "etc/sysusers.d/petiole.conf").read_text()


def test_a_state_folder_elsewhere_is_writable(tmp_path: Path) -> None:
    image = Image(tmp_path)
    image.config.write_text(image.config.read_text().replace("/var/lib/petiole", "state"))
    assert image.install() == 0
    assert values(image.unit, "ReadWritePaths") == ["-/run/lock -/etc/petiole/state"]


def test_print_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = Image(tmp_path)
    assert image.install("--print") == 0
    assert "Type=notify" in capsys.readouterr().out
    assert not (tmp_path / "etc/systemd").exists()


def test_a_missing_configuration_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert install.main(["--root", str(tmp_path), "--config", "/etc/petiole/agent.toml"]) == 1
    assert "does not exist; make it with: petiole device enroll" in capsys.readouterr().err


def test_names_with_blanks_and_percents_are_quoted(tmp_path: Path) -> None:
    image = Image(tmp_path)
    assert image.install("--python", "/opt/my 100%/python") == 0
    assert values(image.unit, "ExecStart") == [
        '"/opt/my 100%%/python" -I -m edge_host --config /etc/petiole/agent.toml $PETIOLE_AGENT_OPTIONS'
    ]


@verifiable
@pytest.mark.parametrize("extra", [HARDWARE + PWM, "", "generic"])
def test_systemd_takes_the_unit_and_calls_it_safe(tmp_path: Path, extra: str) -> None:
    image = Image(tmp_path, "" if extra == "generic" else extra)
    assert image.install("--python", sys.executable, *(["--generic"] if extra == "generic" else [])) == 0
    unit = tmp_path / "etc/systemd/system/petiole-agent.service"
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    said = [line for line in verified.stderr.splitlines() if "petiole-agent" in line]
    assert (verified.returncode, said) == (0, [])
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=30", "--no-pager", unit],
        *(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert rated.returncode == 0, rated.stdout + rated.stderr
