"""The PlatformIO platform's own parts: ELF files, flash images, boards, SCons without a registry."""

import json
import struct
from pathlib import Path

import board_files
import images
import pytest
import scons_offline
from elf import Elf, ElfError

BASE = 0x1000_0000
BOARD = {
    "firmware": {"base": BASE, "image": 256},
    "flash": {"size": 64, "image": 128},
}


def elf_file(segments: list[tuple[int, bytes]], sections: list[tuple[str, int, int, int, int]]) -> bytes:
    """An ELF file; sections are (name, type, flags, address, size)."""
    names = b"\0" + b"".join(name.encode() + b"\0" for name, *_ in sections)
    body = names
    headers, rows = b"", []
    start = 52 + 32 * len(segments)
    for address, content in segments:
        headers += struct.pack("<8I", 1, start + len(body), address, address, len(content), len(content), 5, 4)
        body += content
    position = 1
    for name, kind, flags, address, size in sections:
        rows.append(struct.pack("<10I", position, kind, flags, address, 0, size, 0, 0, 4, 0))
        position += len(name) + 1
    rows.append(struct.pack("<10I", 0, 3, 0, 0, start, len(names), 0, 0, 1, 0))
    table = start + len(body)
    header = b"\x7fELF\x01\x01\x01" + bytes(9)
    header += struct.pack(
        "<HHIIIIIHHHHHH", 2, 40, 1, BASE, 52, table, 0, 52, 32, len(segments), 40, len(rows), len(sections)
    )
    return header + headers + body + b"".join(rows)


@pytest.fixture
def elf(tmp_path: Path) -> Elf:
    sections = [
        (".text", 1, 6, BASE, 40),
        (".data", 1, 3, 0x2000_0000, 8),
        (".bss", 8, 3, 0x2000_0008, 16),
        (".stack", 8, 3, 0x2000_0018, 999),
        (".comment", 1, 0, 0, 7),
    ]
    path = tmp_path / "firmware.elf"
    path.write_bytes(elf_file([(BASE + 16, b"data"), (BASE, b"text")], sections))
    return Elf.read(path)


def test_sizes_count_flash_and_ram_once_each(elf: Elf) -> None:
    assert elf.flash == 48
    assert elf.ram == 24


def test_the_image_fills_gaps_with_erased_flash(elf: Elf) -> None:
    assert elf.image(BASE) == b"text" + b"\xff" * 12 + b"data"


def test_a_segment_outside_the_flash_is_an_error(elf: Elf) -> None:
    with pytest.raises(ElfError, match="below the flash"):
        elf.image(BASE + 8)


@pytest.mark.parametrize("content", [b"", b"\x7fELF\x02\x01\x01", b"\x7fELF\x01\x01\x01" + b"\xff" * 60])
def test_other_files_are_errors(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.elf"
    path.write_bytes(content)
    with pytest.raises(ElfError, match=r"x\.elf"):
        Elf.read(path)


def test_an_upload_replaces_the_firmware_and_keeps_the_data(elf: Elf, tmp_path: Path) -> None:
    folder = tmp_path / "device"
    firmware = images.upload(BOARD, elf, folder)
    data = folder / "data.img"
    assert firmware.read_bytes() == elf.image(BASE) + bytes(256 - 20)
    assert data.read_bytes() == b"\xff" * 64 + bytes(64)
    data.write_bytes(b"kept".ljust(128))
    firmware.write_bytes(b"old")
    images.upload(BOARD, elf, folder)
    assert data.read_bytes() == b"kept".ljust(128)
    assert firmware.stat().st_size == 256
    assert {path.name for path in folder.iterdir()} == {"firmware.img", "data.img"}


def test_a_data_flash_of_before_is_made_as_long_as_the_board_now_wants_it(elf: Elf, tmp_path: Path) -> None:
    (tmp_path / "data.img").write_bytes(b"kept")
    images.upload(BOARD, elf, tmp_path)
    assert (tmp_path / "data.img").read_bytes() == b"kept" + b"\xff" * 60 + bytes(64)


def test_data_flash_is_for_its_owner_only(elf: Elf, tmp_path: Path) -> None:
    images.upload(BOARD, elf, tmp_path)
    assert (tmp_path / "data.img").stat().st_mode & 0o077 == 0


def test_an_unknown_board_is_named_with_the_known_ones() -> None:
    with pytest.raises(board_files.BoardError, match=r"no board 'x'.*qemu-an505"):
        board_files.load("x")


def test_scons_is_put_together_where_no_registry_answers(tmp_path: Path) -> None:
    scons_offline.ensure(tmp_path)
    package = tmp_path / "tool-scons"
    assert (package / "SCons" / "Script" / "__init__.py").is_file()
    assert json.loads((package / ".piopm").read_text())["version"] == scons_offline.VERSION
    (package / "scons.py").write_text("mine")
    scons_offline.ensure(tmp_path)
    assert (package / "scons.py").read_text() == "mine"
