"""Target descriptions of the firmware's builder, against a pretended compiler."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from target_spec import without_frame_pointers

from provisioning.rust_toolchain import Toolchain

TARGET = "thumbv8m.main-none-eabi"


@pytest.fixture
def toolchain(tmp_path: Path) -> Toolchain:
    """Builds `core`; its compiler says what stands in `spec.json`, and fails without that file."""
    compiler = tmp_path / "rustc"
    compiler.write_text(f'#!/bin/sh\n[ "$RUSTC_BOOTSTRAP" = 1 ] && exec cat {tmp_path}/spec.json\n')
    compiler.chmod(0o755)
    return Toolchain("", TARGET, ("cargo",), compiler, builds_std=True)


def says(toolchain: Toolchain, **described: str) -> Path:
    assert toolchain.rustc is not None
    folder = toolchain.rustc.parent
    (folder / "spec.json").write_text(json.dumps(described))
    return folder / "targets"


def test_what_keeps_frame_pointers_is_described_anew(toolchain: Toolchain) -> None:
    folder = says(toolchain, arch="arm", **{"frame-pointer": "always"})
    found = without_frame_pointers(toolchain, folder)
    path = folder / f"{TARGET}.json"
    assert json.loads(path.read_text()) == {"arch": "arm", "frame-pointer": "may-omit"}
    assert found == replace(toolchain, spec=path)
    assert found.command("build")[:5] == ["cargo", "build", "-Zjson-target-spec", "--target", str(path)]


def test_the_description_is_written_once(toolchain: Toolchain) -> None:
    folder = says(toolchain, **{"frame-pointer": "always"})
    first = without_frame_pointers(toolchain, folder).spec
    assert first is not None
    written = first.stat()
    without_frame_pointers(toolchain, folder)
    assert first.stat() == written
    assert list(folder.iterdir()) == [first]


def test_others_stay_as_they_are(toolchain: Toolchain) -> None:
    folder = says(toolchain, arch="riscv32")
    assert without_frame_pointers(toolchain, folder) == toolchain
    (folder.parent / "spec.json").unlink()
    assert without_frame_pointers(toolchain, folder) == toolchain
    ready = replace(toolchain, builds_std=False)
    assert without_frame_pointers(ready, folder) == ready
    assert not folder.exists()
