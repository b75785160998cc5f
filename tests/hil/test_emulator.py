"""Emulators: started, killed, started again; sensors through QMP. With real QEMU where no firmware is needed."""

import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from hil.emulator import Emulator
from hil.errors import EmulatorError, QmpError, RigError
from hil.qmp import Qmp
from hil.sensors import get_value, sensor, set_value
from petiole.app import app
from provisioning import boards
from provisioning.smp_client import SmpClient
from tests.hil.conftest import flash


def test_a_killed_board_starts_again_on_the_same_flash_and_ports(double, tmp_path):
    with Emulator(double, flash(tmp_path / "d")) as emulator:
        port, qmp, first = emulator.port, emulator.qmp, emulator.pid
        emulator.wait_ready()
        emulator.kill()
        assert not emulator.running
        emulator.start()
        emulator.wait_ready()
        assert (emulator.port, emulator.qmp) == (port, qmp)
        assert emulator.pid != first
        assert (tmp_path / "d" / "data.img").read_bytes() == b"xx"
    assert not emulator.running
    assert not qmp.parent.exists()


def test_a_paused_board_waits_for_resume(double, tmp_path):
    emulated = Emulator(double, flash(tmp_path / "d"), paused=True)
    with emulated as emulator, SmpClient(emulator.port, seconds=0.1) as client:
        emulator.resume()
        assert client.echo("x") == "x"


def test_folder_without_images_says_how_to_flash(double, tmp_path):
    with pytest.raises(EmulatorError, match="petiole board flash double"):
        Emulator(double, tmp_path).start()


def test_emulator_that_ends_at_once_is_an_error_with_its_last_words(double, tmp_path):
    broken = double.model_copy(
        update={
            "emulator": double.emulator.model_copy(
                update={"command": [sys.executable, "-c", "raise SystemExit('cannot open flash')"]}
            )
        }
    )
    with pytest.raises(EmulatorError, match="ended with code 1: cannot open flash"):
        Emulator(broken, flash(tmp_path / "d")).start()


def test_emulator_that_is_not_installed(double, tmp_path):
    absent = double.model_copy(
        update={"emulator": double.emulator.model_copy(update={"command": ["qemu-system-of-dreams"]})}
    )
    with pytest.raises(EmulatorError, match="qemu-system-of-dreams is not installed"):
        Emulator(absent, flash(tmp_path / "d")).start()


def test_too_long_a_socket_path_is_told(double, tmp_path):
    with pytest.raises(EmulatorError, match="107 bytes"):
        Emulator(double, tmp_path, qmp=tmp_path / ("q" * 120))


def test_board_without_an_emulator(double, tmp_path):
    with pytest.raises(EmulatorError, match="has no emulator"):
        Emulator(double.model_copy(update={"emulator": None}), tmp_path)


def test_qmp_where_nobody_answers(tmp_path):
    with pytest.raises(QmpError, match="no emulator answers"):
        Qmp(tmp_path / "qmp.sock")


def test_qmp_error_is_told(double, tmp_path):
    with Emulator(double, flash(tmp_path / "d")) as emulator, Qmp(emulator.qmp) as qmp:
        with pytest.raises(QmpError, match="'/nowhere' not found"):
            qmp.get("/nowhere", "temperature")
        qmp.reset()


def test_label_without_a_sensor(double):
    with pytest.raises(RigError, match="labels with sensors: i2c-env"):
        sensor(double, "led")


@pytest.mark.parametrize("name", boards.names())
def test_real_qemu_starts_with_empty_flash(name, tmp_path):
    board = boards.load(name)
    size = max(board.firmware.image, board.flash.image, board.flash.size)
    with Emulator(board, flash(tmp_path / "d", size), paused=True) as emulator, Qmp(emulator.qmp) as qmp:
        assert qmp.execute("query-status")["status"] in ("prelaunch", "paused")


def test_temperature_of_the_real_tmp105(tmp_path):
    board = boards.load("qemu-an505")
    with Emulator(board, flash(tmp_path / "d", board.flash.size), paused=True) as emulator, Qmp(emulator.qmp) as qmp:
        set_value(qmp, sensor(board, "i2c-env"), 31.5)
        assert get_value(qmp, sensor(board, "i2c-env")) == pytest.approx(31.5, abs=0.07)
        set_value(qmp, sensor(board, "i2c-env"), -10)
        assert get_value(qmp, sensor(board, "i2c-env")) == pytest.approx(-10, abs=0.07)


def test_sensor_command(double, tmp_path):
    with Emulator(double, flash(tmp_path / "d")) as emulator:
        result = CliRunner().invoke(app, ["emulate", "sensor", "--qmp", str(emulator.qmp), "--celsius", "31.5"])
        assert (result.exit_code, result.stdout) == (0, "31.500 °C\n")
        assert CliRunner().invoke(app, ["emulate", "sensor", "--qmp", str(emulator.qmp)]).stdout == "31.500 °C\n"


def test_emulate_command_ends_its_emulator_on_sigterm(checkout, tmp_path):
    folder = flash(tmp_path / "d")
    command = [
        sys.executable,
        "-m",
        "petiole",
        "emulate",
        "double",
        "--dir",
        str(folder),
        "--log",
        str(tmp_path / "l.log"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        port = line.split("serial line ")[1].partition(",")[0]
        with SmpClient(port) as client:
            assert client.echo("hello") == "hello"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert "smp write" in (tmp_path / "l.log").read_text()
    with pytest.raises(QmpError):
        Qmp(folder / "qmp.sock")


def test_emulate_command_tells_when_the_emulator_ends_by_itself(checkout, tmp_path):
    folder = flash(tmp_path / "d")
    command = [sys.executable, "-m", "petiole", "emulate", "double", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True).stdout
        subprocess.run(["kill", "-9", *children.split()], check=True)
        assert process.wait(20) == 1
        assert "QEMU ended with code -9" in process.stderr.read()
