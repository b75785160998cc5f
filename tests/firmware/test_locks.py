"""The boards' programs are a workspace beside the one whose crates are tested on a PC: their lock files must agree."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CRATES = ROOT / "firmware" / "Cargo.lock"
BOARDS = ROOT / "firmware" / "boards" / "Cargo.lock"
BENCH = ROOT / "bench" / "firmware" / "Cargo.lock"
FOLDER = ROOT / "firmware" / "boards"


def manifest(folder: Path) -> dict[str, Any]:
    """What a crate or a workspace declares."""
    return tomllib.loads((folder / "Cargo.toml").read_text(encoding="utf-8"))


OURS = {
    name: str(manifest(FOLDER / patch["path"])["package"]["version"])
    for name, patch in manifest(FOLDER)["patch"]["crates-io"].items()
}
"""The crates of ours that boards take in the place of others, and their versions."""


def packages(lock: Path) -> list[dict[str, Any]]:
    """What a lock file holds."""
    found: list[dict[str, Any]] = tomllib.loads(lock.read_text(encoding="utf-8"))["package"]
    return found


def fits(version: str) -> tuple[str, ...]:
    """The part of a version that is the same in those that cargo takes for one another."""
    major, minor, _ = version.split(".", 2)
    return (major,) if major != "0" else (major, minor)


def foreign(lock: Path) -> dict[tuple[str, tuple[str, ...]], str]:
    """Versions of the packages from a registry, by name and by the part of the version that must fit."""
    return {
        (package["name"], fits(package["version"])): package["version"]
        for package in packages(lock)
        if "source" in package
    }


def test_what_runs_on_a_board_is_what_is_tested() -> None:
    tested, runs = foreign(CRATES), foreign(BOARDS)
    both = tested.keys() & runs.keys()
    different = {name: (tested[name, same], runs[name, same]) for name, same in both}
    different = {name: versions for name, versions in different.items() if versions[0] != versions[1]}
    assert not different, "run `cargo update --precise` in firmware/boards until both locks agree"


@pytest.mark.parametrize("lock", [BOARDS, BENCH], ids=["boards", "bench"])
def test_boards_read_artifacts_with_our_crates(lock: Path) -> None:
    """A patch whose version no longer fits is left out with a mere warning, and the firmware grows by 40 KB."""
    ours = {package["name"]: package["version"] for package in packages(lock) if "source" not in package}
    assert OURS
    assert OURS.items() <= ours.items()
    assert not {(name, fits(version)) for name, version in OURS.items()} & foreign(lock).keys()
    assert "patch" not in tomllib.loads(lock.read_text(encoding="utf-8"))


def test_the_compiler_of_artifacts_has_the_published_crates() -> None:
    tested = foreign(CRATES)
    assert {name: tested.get((name, fits(version))) for name, version in OURS.items()} == OURS


def test_bench_measures_the_crates_of_boards() -> None:
    bench = manifest(ROOT / "bench" / "firmware")["patch"]["crates-io"]
    assert {name: Path(patch["path"]).name for name, patch in bench.items()} == {name: name for name in OURS}


def test_one_wasmparser_is_built() -> None:
    """`petiole-engine` names it for a feature: another version than ours would be built beside it, without use."""
    engine = manifest(ROOT / "firmware" / "crates" / "engine")
    wanted = engine["dependencies"]["wasmparser"]["version"].removeprefix("=")
    assert OURS["wasmparser"] == wanted
