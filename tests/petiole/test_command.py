"""The `petiole` command: collecting subcommands, help, version, errors."""

import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points

import pytest
import typer
from typer.testing import CliRunner

from petiole import lazy
from petiole.app import app

runner = CliRunner()


class HouseError(Exception):
    exit_code = 2


def build(points, monkeypatch):
    monkeypatch.setattr(lazy, "entry_points", lambda group: points)
    root = typer.Typer(cls=lazy.LazyGroup)
    root.callback()(lambda: None)
    return root


def point(name, target):
    return EntryPoint(name, target, lazy.GROUP)


def test_help_lists_every_subcommand_without_importing_it(monkeypatch):
    root = build([point("logs", "provisioning.commands.logs:app")], monkeypatch)
    monkeypatch.setattr(EntryPoint, "load", lambda self: pytest.fail(f"{self.name} was imported for --help"))
    result = runner.invoke(root, ["--help"])
    assert result.exit_code == 0
    assert "What happened on a device" in result.output


def test_every_entry_point_of_this_installation_loads_and_helps():
    names = [point.name for point in entry_points(group=lazy.GROUP)]
    assert {"board", "deploy", "device", "logs", "status", "telemetry", "agent", "emulate"} <= set(names)
    for name in names:
        result = runner.invoke(app, [name, "--help"])
        assert result.exit_code == 0, f"{name}: {result.output}"
        assert "--install-completion" not in result.output


def test_missing_package_is_one_line_that_says_what_to_install(monkeypatch):
    root = build([point("fleet", "fleet.not_there:app")], monkeypatch)
    result = runner.invoke(root, ["fleet", "serve"])
    assert result.exit_code == 1
    assert "petiole[fleet]" in result.output
    assert "Traceback" not in result.output


def test_missing_package_does_not_spoil_the_help_of_others(monkeypatch):
    root = build([point("gone", "not_installed_at_all:app"), point("agent", "petiole.agent:app")], monkeypatch)
    result = runner.invoke(root, ["--help"])
    assert result.exit_code == 0
    assert "(not installed)" in result.output
    assert "The agent of an edge host" in result.output


def test_house_error_is_one_message_and_its_exit_code(monkeypatch):
    broken = typer.Typer()

    @broken.command()
    def run():
        raise HouseError("boards/x.toml: line 3: name: is missing\n  add it")

    monkeypatch.setattr(EntryPoint, "load", lambda self: broken)
    result = runner.invoke(build([point("broken", "petiole.agent:app")], monkeypatch), ["broken"])
    assert result.exit_code == 2
    assert result.output.splitlines() == ["error: boards/x.toml: line 3: name: is missing", "  add it"]


def test_error_of_the_system_at_a_file_names_it_and_what_to_do(tmp_path):
    occupied = tmp_path / "file"
    occupied.write_text("")
    result = runner.invoke(app, ["keys", "new", "release", "--dir", str(occupied)])
    assert result.exit_code == 1
    what, advice = result.output.splitlines()
    assert what == f"error: {occupied}: File exists"
    assert advice == "  is the path right, and is it of the kind that the command expects?"


def test_other_exceptions_keep_their_traceback(monkeypatch):
    broken = typer.Typer()

    @broken.command()
    def run():
        raise ZeroDivisionError

    monkeypatch.setattr(EntryPoint, "load", lambda self: broken)
    result = runner.invoke(build([point("broken", "petiole.agent:app")], monkeypatch), ["broken"])
    assert isinstance(result.exception, ZeroDivisionError)


def test_version():
    result = runner.invoke(app, ["--version"])
    assert result.output.startswith("petiole 0.")


def test_typo_gets_a_suggestion():
    result = runner.invoke(app, ["statsu"])
    assert result.exit_code == 2
    assert "status" in result.output


def test_completion_knows_subcommands_of_subcommands(monkeypatch):
    script = {"_PETIOLE_COMPLETE": "complete_bash", "COMP_WORDS": "petiole device ", "COMP_CWORD": "2"}
    result = runner.invoke(app, [], env=script, prog_name="petiole")
    assert {"enroll", "list", "show", "remove"} <= set(result.output.split())


def test_agent_run_replaces_this_process(monkeypatch, tmp_path):
    config = tmp_path / "agent.toml"
    config.write_text("")
    calls = []
    monkeypatch.setattr("os.execv", lambda program, arguments: calls.append(arguments))
    assert runner.invoke(app, ["agent", "run", "--config", str(config)]).exit_code == 0
    assert calls == [[sys.executable, "-m", "edge_host", "--config", str(config)]]


def test_agent_run_without_its_file_says_how_to_make_it(tmp_path):
    result = runner.invoke(app, ["agent", "run", "--config", str(tmp_path / "agent.toml")])
    assert result.exit_code == 2
    assert "petiole device" in result.output


def test_command_without_its_libraries_says_what_to_install():
    program = "import sys; sys.modules['typer'] = None; from petiole.main import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "petiole: typer is not installed; install petiole[cli] to use this command\n"
        "  without it there are: petiole agent, petiole status --local\n"
    )
