"""The boards' programs are a workspace beside the one whose crates are tested on a PC: their lock files must agree."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CRATES = ROOT / "firmware" / "Cargo.lock"
BOARDS = ROOT / "firmware" / "boards" / "Cargo.lock"
BENCH = ROOT / "bench" / "firmware" / "Cargo.lock"
OURS = tuple(
    tomllib.loads((ROOT / "firmware" / "boards" / "Cargo.toml").read_text(encoding="utf-8"))["patch"]["crates-io"]
)


def packages(lock: Path) -> list[dict[str, Any]]:
    """What a lock file holds."""
    found: list[dict[str, Any]] = tomllib.loads(lock.read_text(encoding="utf-8"))["package"]
    return found


def foreign(lock: Path) -> dict[tuple[str, str], str]:
    """Versions of the packages from a registry, by name and by the part of the version that must fit."""
    found = {}
    for package in packages(lock):
        if "source" in package:
            major, minor, _ = package["version"].split(".", 2)
            found[package["name"], major if major != "0" else f"0.{minor}"] = package["version"]
    return found


def test_what_runs_on_a_board_is_what_is_tested() -> None:
    tested, runs = foreign(CRATES), foreign(BOARDS)
    both = tested.keys() & runs.keys()
    different = {name: (tested[name, fits], runs[name, fits]) for name, fits in both}
    different = {name: versions for name, versions in different.items() if versions[0] != versions[1]}
    assert not different, "run `cargo update --precise` in firmware/boards until both locks agree"


@pytest.mark.parametrize("lock", [BOARDS, BENCH], ids=["boards", "bench"])
def test_boards_read_artifacts_with_our_crates(lock: Path) -> None:
    """A patch whose version no longer fits is left out with a mere warning, and the firmware grows by 40 KB."""
    taken = [package for package in packages(lock) if package["name"] in OURS]
    assert OURS
    assert {package["name"] for package in taken if "source" not in package} == set(OURS)
    assert not [package["name"] for package in taken if "source" in package]


def test_one_wasmparser_is_built() -> None:
    """`petiole-engine` names Wasmtime's own for a feature: another version would be built beside it, without use."""
    engine = tomllib.loads((ROOT / "firmware" / "crates" / "engine" / "Cargo.toml").read_text(encoding="utf-8"))
    wanted = engine["dependencies"]["wasmparser"]["version"].removeprefix("=")
    assert [package["version"] for package in packages(BOARDS) if package["name"] == "wasmparser"] == [wanted]
