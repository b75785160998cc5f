"""Secrets of the device: keys for environment and config, kept from others."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_host.secrets import MOST_BYTES, Secrets
from wire.errors import RefusedError
from wire.refusals import Refusal


def make(folder: Path, name: str, **values: str) -> None:
    (folder / name).mkdir(parents=True)
    for key, value in values.items():
        file = folder / name / key
        file.write_text(value)
        file.chmod(0o640)


def test_a_secret_is_a_folder_with_a_file_for_each_key(tmp_path: Path) -> None:
    make(tmp_path, "broker", USER="reader", PASSWORD="much secret\n")
    make(tmp_path, "other", USER="writer")
    secrets = Secrets(tmp_path)
    assert secrets.read(()) == {}
    assert secrets.read(["broker"]) == {"USER": "reader", "PASSWORD": "much secret"}
    assert secrets.read(["broker", "other"])["USER"] == "writer"


def test_a_secret_that_cannot_be_given_is_refused_by_name(tmp_path: Path) -> None:
    make(tmp_path, "open", KEY="x")
    (tmp_path / "open/KEY").chmod(0o644)
    make(tmp_path, "large", KEY="x" * (MOST_BYTES + 1))
    make(tmp_path, "raw")
    (tmp_path / "raw/KEY").write_bytes(b"\xff")
    (tmp_path / "raw/KEY").chmod(0o600)
    for name, words in (
        ("open", "chmod o="),
        ("large", "more than"),
        ("raw", "no text"),
        ("missing", "make the folder"),
    ):
        with pytest.raises(RefusedError, match=f"{name}.*{words}") as error:
            Secrets(tmp_path).read([name])
        assert error.value.name is Refusal.NO_SUCH_LABEL
    with pytest.raises(RefusedError, match="no folder for secrets"):
        Secrets().read(["broker"])
