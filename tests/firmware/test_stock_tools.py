"""MCUmgr's stock tools, smpmgr and smpclient, with our boards over a serial device."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hil.pty_port import PtyPort
from tests.firmware import boards
from tests.firmware.desk import Desk
from tests.firmware.probe import behaving, workload
from tests.wire.foreign import SMPCLIENT
from wire.smp import Petiole

pytestmark = [pytest.mark.system, boards.each()]

PLUGIN = Path(__file__).parents[2] / "tools" / "smpmgr"


@pytest.fixture
def port(desk: Desk) -> Iterator[str]:
    """The board's line as a serial device; nobody else sends on it."""
    desk.events.stop()
    desk.client.write(Petiole.SUBSCRIBE, {"lease": 0})
    with PtyPort(desk.board.port) as pty:
        yield pty.path


def ask(port: str, module: str, *requests: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """What smpclient makes of the board's answers."""
    answers: list[dict[str, Any]] = SMPCLIENT(
        "ask", port=port, requests=[(module, name, fields) for name, fields in requests]
    )
    return answers


def smpmgr(port: str, *arguments: str, code: int = 0) -> str:
    """Run smpmgr with our plugin; what it says."""
    command = [str(SMPCLIENT.program("smpmgr")), f"--plugin-path={PLUGIN}", "--port", port, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_smpclient_and_the_os_group(desk: Desk, port: str) -> None:
    desk.run(workload("app", behaving("fine", every=200)))
    echo, parameters, tasks, info, clock = ask(
        port,
        "os_management",
        ("EchoWrite", {"d": "hello"}),
        ("MCUMgrParametersRead", {}),
        ("TaskStatisticsRead", {}),
        ("OSApplicationInfoRead", {"format": "snv"}),
        ("DateTimeWrite", {"datetime": "2026-11-21T15:00:00+00:00"}),
    )
    assert echo == {"ok": True, "r": "hello"}
    assert parameters == {"ok": True, "buf_size": 2048, "buf_count": 1}
    (row,) = tasks["tasks"].values()
    assert row["cswcnt"] > 0 and row["runtime"] > 0
    assert info["output"] == f"Petiole {desk.board.name} {desk.client.facts()['firmware']}"
    assert clock == {"ok": True}
    (now,) = ask(port, "os_management", ("DateTimeRead", {}))
    assert now["datetime"].startswith("2026-11-21T15:0")


def test_smpclient_and_image_statistics_settings(desk: Desk, port: str) -> None:
    (state,) = ask(port, "image_management", ("ImageStatesRead", {}))
    (image,) = state["images"]
    assert (image["version"], image["active"], image["confirmed"]) == (desk.client.facts()["firmware"], True, True)

    (groups,) = ask(port, "statistics_management", ("ListOfGroups", {}))
    for name in groups["stat_list"]:
        (group,) = ask(port, "statistics_management", ("GroupData", {"name": name}))
        assert group["name"] == name and group["fields"]

    written, read, saved, absent = ask(
        port,
        "settings_management",
        ("WriteSetting", {"name": "log/level", "val": "warn"}),
        ("ReadSetting", {"name": "log/level"}),
        ("SaveSettings", {}),
        ("ReadSetting", {"name": "no/such"}),
    )
    assert (written["ok"], read["val"], saved["ok"], absent["ok"]) == (True, "warn", True, False)


def test_smpclient_resets_the_board(desk: Desk, port: str) -> None:
    assert ask(port, "os_management", ("ResetWrite", {})) == [{"ok": True}]
    desk.board.emulator.wait_ready(desk.board.port)
    assert desk.client.facts()["boot"] == desk.first_boot + 1


def test_smpmgr_and_its_own_commands(desk: Desk, port: str) -> None:
    assert "r='hello'" in smpmgr(port, "os", "echo", "hello")
    assert desk.client.facts()["firmware"] in smpmgr(port, "image", "state-read")
    assert "Statistics Groups" in smpmgr(port, "statistics", "list")


def test_smpmgr_and_our_group(desk: Desk, port: str) -> None:
    desk.run(workload("app", behaving("fine", every=200)))
    (row,) = json.loads(_json(smpmgr(port, "petiole", "workloads", "--json")))
    assert (row["name"], row["state"]) == ("app", "confirmed")
    assert "app" in smpmgr(port, "petiole", "workloads")
    assert json.loads(_json(smpmgr(port, "petiole", "facts")))["board"] == desk.board.name
    assert "confirmed" in smpmgr(port, "petiole", "restart", "app")
    assert "removed app" in smpmgr(port, "petiole", "remove", "app")
    assert "no-such-workload: " in smpmgr(port, "petiole", "remove", "app", code=1)


def _json(text: str) -> str:
    """The JSON after what smpmgr says about its connection."""
    return text[min(place for place in (text.find("\n["), text.find("\n{")) if place >= 0) :]
