"""What `petiole demo` shows: texts as they are, and the logs' place when a step does not hold."""

import io

import pytest
from rich.console import Console
from typer.testing import CliRunner

from petiole.demo import command
from petiole.demo.errors import StoryError
from petiole.demo.processes import Processes
from petiole.demo.stage import Stage

BRACKETS = "[exit 1] see [/boards/x]"
"""Markup to a console that takes it for such."""


def test_texts_with_brackets_are_shown_as_they_are(tmp_path):
    shown = io.StringIO()
    stage = Stage(tmp_path, tmp_path, Console(file=shown, width=200), Processes(tmp_path))
    with stage.step(f"a step {BRACKETS}") as result:
        result.append(BRACKETS)
    command.summary(stage, 1.0)
    assert shown.getvalue().count(BRACKETS) == 4


def test_step_that_does_not_hold_is_told_with_the_place_of_the_logs(tmp_path, monkeypatch):
    def fails(stage: Stage) -> None:
        raise StoryError(f"the board is away: {BRACKETS}")

    monkeypatch.setattr(command, "CHAPTERS", (fails,))
    result = CliRunner().invoke(command.app, ["--state", str(tmp_path)])
    assert result.exit_code == 1
    assert f"✗ the board is away: {BRACKETS}" in result.output
    assert f"Logs and state: {tmp_path}" in result.output.replace("\n", "")


@pytest.mark.parametrize("given", ["/nowhere", "."])
def test_without_a_checkout_it_says_so(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PETIOLE_ROOT", given)
    result = CliRunner().invoke(command.app, ["--state", str(tmp_path / "state")])
    assert result.exit_code == 1
    assert "holds no firmware to build" in result.output
