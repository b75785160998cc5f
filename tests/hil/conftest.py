"""A checkout whose only board, `double`, is emulated by a small program, and the real QEMU boards with empty flash."""

import sys
from pathlib import Path

import pytest

from provisioning import boards
from provisioning.boards import Board

DOUBLE = Path(__file__).with_name("board_double.py")
BOARD = f"""\
name = "double"
title = "A program that stands in for a board"
crate = "board-double"
target = "thumbv6m-none-eabi"
chip = {{ name = "D", core = "none", frequency_hz = 1 }}
memory = {{ base = 0, ram = 1024, heap = 512 }}
firmware = {{ base = 0, max_flash = 1024 }}
workloads = {{ count = 1, slot = 4096 }}

[flash]
base = 0
size = 65536
erase = 4096
write = 4
regions = {{ settings = [0, 4096], journal = [4096, 4096], workloads = [8192, 8192] }}

[emulator]
command = ["{sys.executable}", "{DOUBLE}", "{{firmware}}", "{{flash}}", "{{serial_port}}", "{{qmp}}"]

[emulator.sensors.i2c-env]
path = "/machine/peripheral/t0"
property = "temperature"
unit = "Cel"
scale = 1000
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with the board `double` alone."""
    root = tmp_path / "checkout"
    (root / "boards").mkdir(parents=True)
    (root / "firmware").mkdir()
    (root / "boards" / "double.toml").write_text(BOARD)
    monkeypatch.setenv("PETIOLE_ROOT", str(root))
    return root


@pytest.fixture
def double(checkout: Path) -> Board:
    """The stand-in's description."""
    return boards.load("double")


def flash(folder: Path, size: int = 0) -> Path:
    """A device's folder with empty images."""
    folder.mkdir()
    (folder / "firmware.img").write_bytes(bytes(size))
    (folder / "data.img").write_bytes(bytes(size))
    return folder
