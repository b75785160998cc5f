"""Rig files: what is in them, and clear errors."""

import pytest

from hil import rig
from hil.errors import RigFileError
from provisioning.errors import InputError


def write(tmp_path, text):
    path = tmp_path / "rig.toml"
    path.write_text(text)
    return path


def test_default_rig_has_every_emulated_board():
    found = rig.default()
    assert {"qemu-an505", "qemu-riscv32"} <= set(found.boards)
    assert found.boards["qemu-an505"].board.name == "qemu-an505"


def test_boards_are_found_by_their_name_and_by_their_type(checkout, tmp_path):
    found = rig.load(write(tmp_path, '[rig]\nname = "bench"\n[boards.left]\nkind = "emulated"\nboard = "double"\n'))
    assert found.name == "bench"
    assert found.lock_dir == tmp_path / "locks"
    assert found.find("left") is found.find("double")
    assert found.find("right") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[boards.a", "is not TOML"),
        ("[board.a]\n", 'board: unknown key, did you mean "boards"?'),
        ("[rig]\nnmae = 'x'\n", 'rig.nmae: unknown key, did you mean "name"?'),
        ("boards = 3\n", "boards must be a table"),
        ("[boards]\na = 3\n", "boards.a must be a table"),
        (
            "[boards.double]\nkind = 'emulatde'\n",
            "boards.double.kind: 'emulatde' is not a kind of board, did you mean \"emulated\"",
        ),
        ("[boards.double]\n", "known kinds: emulated"),
        ("[boards.double]\nkind = 'emulated'\nport = 'x'\n", "boards.double.port: unknown key"),
        ("[boards.A_B]\nkind = 'emulated'\n", "boards.A_B"),
    ],
)
def test_mistakes_are_named(checkout, tmp_path, text, expected):
    with pytest.raises(RigFileError) as caught:
        rig.load(write(tmp_path, text))
    assert "rig.toml" in str(caught.value)
    assert expected in str(caught.value)
    assert caught.value.exit_code == 2


def test_board_type_that_is_not_described(checkout, tmp_path):
    with pytest.raises(InputError, match="there is no board 'tripple'"):
        rig.load(write(tmp_path, "[boards.a]\nkind = 'emulated'\nboard = 'tripple'\n"))


def test_rig_file_that_is_not_there(tmp_path):
    with pytest.raises(RigFileError, match="cannot be read"):
        rig.load(tmp_path / "no.toml")
