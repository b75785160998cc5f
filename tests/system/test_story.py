"""The story of `make demo`, from the build to the refused attacks: real nats-server processes, real QEMU."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
STORY_SECONDS = 900

pytestmark = [pytest.mark.system, pytest.mark.timeout(STORY_SECONDS + 60), pytest.mark.xdist_group("story")]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The report of one whole run."""
    folder = tmp_path_factory.mktemp("story")
    report = folder / "report.json"
    done = subprocess.run(
        [sys.executable, "-m", "petiole", "demo", "--report", str(report), "--state", str(folder / "state")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PETIOLE_ROOT": str(ROOT), "COLUMNS": "160"},
        timeout=STORY_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def results(story: dict[str, Any], word: str) -> list[str]:
    return [step["result"] for step in story["steps"] if word in step["title"]]


def test_every_chapter_was_told(story: dict[str, Any]) -> None:
    assert len(story["steps"]) >= 25


def test_the_same_component_file_ran_on_the_microcontroller_and_on_linux(story: dict[str, Any]) -> None:
    component = story["facts"]["component"]
    assert component["edge payload"] == component["sha256"]
    assert component["board payload"] == component["compiled from sha256"]
    assert results(story, "thermometer to an505-1 and edge-1") == ["confirmed"]


def test_the_bad_release_took_itself_back(story: dict[str, Any]) -> None:
    (result,) = results(story, "traps on its tenth call")
    assert "rolled back: trap" in result


def test_the_transfer_resumed_after_the_plug_was_pulled(story: dict[str, Any]) -> None:
    (result,) = results(story, "goes on where it stopped")
    assert "resumed at" in result
    assert "resumed at 0 " not in result


def test_no_reading_of_the_outage_is_missing_or_doubled(story: dict[str, Any]) -> None:
    (result,) = results(story, "complete and once")
    assert "0 missing, 0 twice" in result


@pytest.mark.parametrize(
    ("attack", "refusals"),
    [
        ("unsigned", ("unsigned",)),
        ("unknown key", ("unknown-key",)),
        ("another class", ("wrong-class",)),
        ("older sequence", ("old-sequence",)),
        ("flipped bit", ("digest-mismatch", "bad-signature")),
    ],
)
def test_the_board_refused_the_attack(story: dict[str, Any], attack: str, refusals: tuple[str, ...]) -> None:
    (result,) = results(story, attack)
    assert any(f"refused by the board: {name}" in result for name in refusals)
