"""`petiole agent` and `petiole status --local` beside nothing but the agent's own libraries."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_host.admin.status import text
from tests.home.conftest import Agent, Manager, config_text

pytestmark = pytest.mark.programs

NewAgent = Callable[..., Agent]
ALONE = """
import sys
for name in ("typer", "rich", "httpx", "yaml", "pydantic", "fastapi", "sqlalchemy", "cryptography"):
    sys.modules[name] = None
sys.argv[0] = "petiole"
from petiole.main import main
main()
"""


def petiole(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", ALONE, *arguments], capture_output=True, text=True, check=False, timeout=60, cwd=cwd
    )


def test_help_lists_what_there_is() -> None:
    done = petiole("agent", "--help")
    assert done.returncode == 0
    assert all(f"  {name} " in done.stdout for name in ("run", "install", "doctor", "status", "metrics", "config"))
    for name in ("run", "install", "doctor", "status", "metrics", "config"):
        asked = petiole("agent", name, "--help")
        assert (asked.returncode, "usage: " in asked.stdout) == (0, True), asked.stderr


def test_a_typo_gets_a_suggestion() -> None:
    done = petiole("agent", "docter")
    assert done.returncode == 2
    assert "did you mean doctor?" in done.stderr


def test_a_configuration_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(config_text())
    done = petiole("agent", "config", "check", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "agent.toml is right: edge-1 at greenhouse, 0 boards, 0 labels\n")
    file.write_text(config_text("[agent]\nguest-treads = 1\n"))
    done = petiole("agent", "config", "check", str(file))
    assert done.returncode == 1
    assert done.stderr == (
        f"petiole agent config check: {file}: agent.guest-treads: unknown key, did you mean 'guest-threads'?\n"
    )


def test_the_status_is_shown_and_given_as_json(new_agent: NewAgent, manager: Manager) -> None:
    agent = new_agent('[[boards]]\nname = "board-1"\n', NOTIFY_SOCKET=str(manager.file))
    manager.until("READY=1")
    shown = petiole("status", "--local", "--config", str(agent.config))
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("edge-1 at greenhouse: agent ")
    assert "broker mqtt://127.0.0.1:1 NOT connected" in shown.stdout
    assert "board-1  -     no" in shown.stdout
    told = petiole("status", "--json", "--local", "--config", str(agent.config))
    status = json.loads(told.stdout)
    assert [(member["device"], member["attached"]) for member in status["members"]] == [
        ("edge-1", True),
        ("board-1", False),
    ]
    metrics = petiole("agent", "metrics", "--socket", str(agent.state / "agent.sock"))
    assert 'petiole_device_attached{device="board-1"} 0' in metrics.stdout


def test_no_agent_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text(config_text())
    done = petiole("agent", "status", cwd=tmp_path)
    assert done.returncode == 1
    assert "no agent listens at " in done.stderr
    assert "does it run? systemctl status petiole-agent" in done.stderr


def test_run_without_a_configuration_says_how_to_make_it(tmp_path: Path) -> None:
    done = petiole("agent", "run", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("petiole agent run: agent.toml does not exist; make it with: petiole device enroll")


def test_parts_that_others_add_are_shown_as_tables() -> None:
    runs = [{"schedule": "a", "begun": 1, "ended": None}, {"schedule": "b", "begun": 2, "ended": 3}]
    outbox = {
        "classes": {"event": {"records": 2, "oldest": None}, "telemetry": {"records": 0, "oldest": 5}},
        "syncs": 2,
    }
    base = {"device": "d", "site": "s", "agent": "1", "pid": 1, "up": 90000, "memory": 2048, "disk_free": 3 << 30}
    shown = "\n".join(text({**base, "members": [], "broker": None, "runs": runs, "outbox": outbox, "empty": {}}))
    assert "d at s: agent 1, process 1, no fleet: no broker is configured\nup 1 d 1 h, memory 2.0 KiB" in shown
    assert "free disk 3.0 GiB" in shown
    assert "Runs  begun  ended\na     1      -\nb     2      3" in shown
    assert "Outbox, syncs 2\nClasses    records  oldest\nevent      2        -\ntelemetry  0        5" in shown
