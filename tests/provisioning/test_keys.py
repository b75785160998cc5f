"""Release keys: files, modes and the `petiole keys` commands."""

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fleet.operations import Operations
from petiole.app import app
from provisioning import keys
from provisioning.errors import InputError
from tests.provisioning.conftest import Petiole
from wire import cose

RUNNER = CliRunner()


def test_a_new_key_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    key = keys.create("release", tmp_path / "new" / "folder")
    assert key.private_path is not None
    assert key.private_path.stat().st_mode & 0o777 == 0o600
    seed = keys.load_seed(key.private_path)
    assert cose.public_key(seed) == key.public
    assert keys.load_public(str(key.private_path.with_suffix(".pub"))) == key.public
    assert keys.load_public(str(key.private_path)) == key.public
    assert keys.load_public(key.public.hex()) == key.public


def test_openssl_reads_the_private_key(tmp_path: Path) -> None:
    key = keys.create("release", tmp_path)
    command = ["openssl", "pkey", "-in", str(key.private_path), "-pubout", "-outform", "DER"]
    der = subprocess.run(command, check=True, capture_output=True).stdout
    assert der[-32:] == key.public


def test_a_key_is_never_replaced(tmp_path: Path) -> None:
    first = keys.create("release", tmp_path)
    with pytest.raises(InputError, match="a key of this name is there already"):
        keys.create("release", tmp_path)
    assert keys.find_all(tmp_path) == [first]


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "release.key"
    keys.create("release", tmp_path)
    path.chmod(0o640)
    with pytest.raises(InputError, match=r"others may read this private key \(mode 640\)"):
        keys.load_seed(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.key", None, "cannot be read"),
        ("text.key", "hello", "not a private key in PEM"),
        ("none.pub", None, "cannot be read"),
        ("text.pub", "hello", "not a public key of 64 hex digits"),
    ],
)
def test_files_that_are_no_keys(tmp_path: Path, name: str, content: str | None, message: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
        path.chmod(0o600)
    with pytest.raises(InputError, match=message):
        keys.load_public(str(path))


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rsa.key"
    subprocess.run(["openssl", "genpkey", "-algorithm", "X25519", "-out", str(path)], check=True)
    path.chmod(0o600)
    with pytest.raises(InputError, match="not Ed25519"):
        keys.load_seed(path)


def test_new_list_and_show(tmp_path: Path) -> None:
    made = json.loads(RUNNER.invoke(app, ["keys", "new", "release", "--dir", str(tmp_path), "--json"]).stdout)
    assert made["name"] == "release"
    assert json.loads(RUNNER.invoke(app, ["keys", "list", "--dir", str(tmp_path), "--json"]).stdout) == [made]
    shown = RUNNER.invoke(app, ["keys", "show", str(tmp_path / "release.pub"), "--json"])
    assert json.loads(shown.stdout) == made
    assert "PRIVATE" not in shown.output


def test_a_wrong_name_is_a_usage_error(tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["keys", "new", "Release", "--dir", str(tmp_path)])
    assert result.exit_code == 2
    assert "is not a key name" in result.output
    assert not list(tmp_path.iterdir())


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["keys", "list", "--dir", str(tmp_path)])
    assert result.exit_code == 0
    assert "petiole keys new NAME" in result.output


def test_trust_tells_the_fleet(petiole: Petiole, fleet: Operations, tmp_path: Path) -> None:
    key = keys.create("release", tmp_path)
    result = petiole("keys", "trust", str(tmp_path / "release.pub"))
    assert result.exit_code == 0, result.output
    assert [anchor.public_key for anchor in fleet.anchors()] == [key.public.hex()]
