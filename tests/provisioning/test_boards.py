"""Board files: those of the house are well, and every mistake is named with its place and a suggestion."""

import pytest

from provisioning import boards
from provisioning.errors import BoardFileError, InputError

BOARD = """\
name = "tiny"
title = "A tiny board"
crate = "board-tiny"
target = "thumbv6m-none-eabi"

[chip]
name = "T1"
core = "cortex-m0"
frequency_hz = 1000000

[memory]
base = 0x2000_0000
ram = 65536
heap = 32768

[firmware]
base = 0
max_flash = 65536

[flash]
base = 0x1000_0000
size = 65536
erase = 4096
write = 4

[flash.regions]
settings = [0, 4096]
journal = [4096, 4096]
workloads = [8192, 32768]

[workloads]
count = 2
slot = 8192

[labels]
led = "wasi:gpio/digital"

[emulator]
command = ["qemu", "{firmware}", "{flash}", "{serial_port}", "{qmp}"]
"""


@pytest.fixture
def write(tmp_path):
    def write(old="", new=""):
        path = tmp_path / "tiny.toml"
        assert old in BOARD
        path.write_text(BOARD.replace(old, new))
        return path

    return write


@pytest.mark.parametrize("name", boards.names())
def test_boards_of_the_house(name):
    board = boards.load(name)
    assert board.name == name
    assert board.emulator is not None


def test_a_good_file(write, tmp_path):
    board = boards.load_file(write())
    assert board.emulator is not None
    assert board.flash.regions["workloads"].end == 40960
    line = board.emulator.command_line(
        firmware=tmp_path / "f{flash}.img", flash=tmp_path / "d.img", serial_port=5001, qmp=tmp_path / "q"
    )
    assert line == ["qemu", f"{tmp_path}/f{{flash}}.img", f"{tmp_path}/d.img", "5001", f"{tmp_path}/q"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("heap = 32768", "haep = 32768", ["line 14: memory.haep: unknown key", '"heap"', "memory.heap: is missing"]),
        ("frequency_hz = 1000000", 'frequency_hz = "fast"', ["line 9: chip.frequency_hz", "integer"]),
        ("heap = 32768", "heap = 99999999", ["memory.heap is larger"]),
        ("journal = [4096, 4096]", "journal = [0, 8192]", ["regions.journal overlaps regions.settings"]),
        ("journal = [4096, 4096]", "journal = [4096]", ["line 28: flash.regions.journal", "[offset, size]"]),
        ("journal = [4096, 4096]", "journal = [4096, 100]", ["regions.journal", "multiple of erase = 4096"]),
        ("journal = [4096, 4096]\n", "", ["regions.journal is missing"]),
        ("workloads = [8192, 32768]", "workloads = [8192, 65536]", ["after the end of the flash"]),
        ("count = 2", "count = 3", ["workloads.count = 3 needs 49152 bytes"]),
        ("slot = 8192", "slot = 5000", ["workloads.slot is not a multiple"]),
        ('led = "wasi:gpio/digital"', 'LED = "wasi:gpio/digital"', ["labels.LED"]),
        (', "{qmp}"', "", ["command has no placeholder {qmp}"]),
        ('name = "tiny"', 'name = "other"', ["differs from the file's name"]),
        ("[chip]", "[chip", ["is not TOML", "line 6"]),
        ("size = 65536", "size = true", ["line 22: flash.size"]),
        ("write = 4", "write = -4", ["line 24: flash.write", "greater than 0"]),
    ],
)
def test_mistakes_are_named(write, old, new, expected):
    with pytest.raises(BoardFileError) as caught:
        boards.load_file(write(old, new))
    for part in ["tiny.toml", *expected]:
        assert part in str(caught.value)


def test_every_mistake_at_once(write):
    path = write("heap = 32768", "heap = 0")
    path.write_text(path.read_text().replace("count = 2", "count = 0"))
    with pytest.raises(BoardFileError) as caught:
        boards.load_file(path)
    assert "memory.heap" in str(caught.value)
    assert "workloads.count" in str(caught.value)


def test_unknown_board_suggests_the_nearest():
    with pytest.raises(InputError, match='did you mean "qemu-an505"') as caught:
        boards.load("qemu-an506")
    assert caught.value.exit_code == 2


def test_a_path_is_no_board_name():
    with pytest.raises(InputError):
        boards.load("../boards/qemu-an505")
