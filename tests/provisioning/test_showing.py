"""`petiole status`, `logs`, `telemetry`, `device`: what is stored, as a table or as JSON."""

import itertools
import json

import pytest
from nacl.signing import SigningKey
from typer.testing import CliRunner

from petiole.app import app
from provisioning import component_symbols, following
from provisioning.api import Fleet, connect
from provisioning.component_compiler import Source
from provisioning.errors import FleetUnreachableError
from tests.provisioning.board_double import PROFILE
from tests.provisioning.bundles import SEED, bundle
from tests.provisioning.conftest import SITE, Petiole
from tests.provisioning.reporting import Reporting, workload


@pytest.fixture
def device(fleet):
    token = fleet.new_token(SITE).token
    fleet.enroll(token=token, device="b-1", kind="board", public_key="ab" * 32, csr=None, facts={"profile": PROFILE})
    reporting = Reporting(fleet, SITE, "b-1", {"profile": PROFILE, "firmware": "0.1.0"})
    yield reporting
    reporting.close()


def test_status_has_a_row_for_each_workload(petiole, device):
    device.report(0, workload("ab" * 32, "rolled-back", reason="trap: unreachable", previous="1.0.0"))
    result = petiole("status")
    assert result.exit_code == 0
    for part in ("b-1", SITE, "online", "thermometer", "2.0.0", "rolled-back (1.0.0 runs)", "trap: unreachable"):
        assert part in result.stdout


def test_status_of_one_device_as_json(petiole, device):
    device.report(0)
    assert json.loads(petiole("status", "b-1", "--json").stdout)["device"] == "b-1"
    assert [entry["device"] for entry in json.loads(petiole("status", "--json").stdout)] == ["b-1"]


def test_empty_fleet_says_what_to_do(petiole):
    result = petiole("status")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "petiole device enroll" in result.stderr


def test_device_list_and_show(petiole, device):
    device.report(0, workload("ab" * 32, "downloading", offset=100))
    assert "thermometer 2.0.0 downloading 100/4000" in petiole("device", "list").stdout
    shown = petiole("device", "show", "b-1").stdout
    for part in (PROFILE, "firmware", "ab" * 32, "telemetry 3, event 1"):
        assert part in shown
    assert [entry["device"] for entry in json.loads(petiole("device", "list", "--json").stdout)] == ["b-1"]
    assert json.loads(petiole("device", "show", "b-1", "--json").stdout)["profile"] == PROFILE


def test_device_remove_asks_first(petiole, fleet, device):
    assert petiole("device", "remove", "b-1").exit_code == 1
    assert [entry.device for entry in fleet.devices()] == ["b-1"]
    assert petiole("device", "remove", "b-1", "--yes").exit_code == 0
    assert fleet.devices() == []


def test_unknown_device_is_an_error_of_the_fleet(petiole):
    result = petiole("device", "show", "b-9")
    assert result.exit_code == 1
    assert "no-such-device" in result.stderr
    assert "Traceback" not in result.output


def test_logs_shows_the_newest_oldest_first(petiole, device):
    for number in range(5):
        device.event("log", workload="thermometer", level="info", context="main", message=f"line {number}")
    lines = petiole("logs", "b-1", "--limit", "2").stdout.splitlines()
    assert [line.split("info [main] ")[1] for line in lines] == ["line 3", "line 4"]


def test_logs_filters_by_kind_and_workload(petiole, device):
    device.event("log", workload="thermometer", level="info", message="one")
    device.event("log", workload="other", level="info", message="two")
    device.event("stop", workload="other", reason="trap: unreachable")
    rows = json.loads(petiole("logs", "b-1", "--kind", "log", "--workload", "other", "--json").stdout)
    assert [row["message"] for row in rows] == ["two"]


def test_telemetry_after_a_row(petiole, device):
    for value in (20.5, 21.0, 21.5):
        device.measure(value)
    device.measure(60.0, unit="%RH", name="humidity")
    rows = json.loads(petiole("telemetry", "b-1", "--name", "temperature", "--json").stdout)
    assert [row["value"] for row in rows] == [20.5, 21.0, 21.5]
    after = str(rows[0]["id"])
    lines = petiole("telemetry", "b-1", "--name", "temperature", "--after", after).stdout.splitlines()
    assert [line.rsplit("  ", 1)[1] for line in lines] == ["21.0 Cel", "21.5 Cel"]


def test_telemetry_reads_more_rows_than_the_api_gives_at_once(petiole, device, monkeypatch):
    monkeypatch.setattr(following, "PAGE", 2)
    for value in range(5):
        device.measure(float(value))
    rows = json.loads(petiole("telemetry", "b-1", "--limit", "4", "--after", "0", "--json").stdout)
    assert [row["value"] for row in rows] == [0.0, 1.0, 2.0, 3.0]


def test_follow_goes_on_with_new_rows_and_survives_an_absent_fleet(petiole, device, monkeypatch):
    """After each look the device measures once more; the third look finds no fleet."""
    looks = itertools.count(1)
    device.measure(0.0)
    read = Fleet.telemetry

    def telemetry(self, device_name, **filters):
        number = next(looks)
        if number == 3:
            raise FleetUnreachableError("gone for a moment")
        if number > 5:
            raise KeyboardInterrupt
        rows = read(self, device_name, **filters)
        device.measure(float(number))
        return rows

    monkeypatch.setattr(Fleet, "telemetry", telemetry)
    monkeypatch.setattr(following, "POLL_SECONDS", 0)
    result = petiole("telemetry", "b-1", "-f", "--json")
    assert [json.loads(line)["value"] for line in result.stdout.splitlines()] == [0.0, 1.0, 2.0, 4.0]
    assert "gone for a moment" in result.stderr


def test_token_of_the_configuration_is_sent_and_never_shown(tmp_path, monkeypatch):
    (tmp_path / "token").write_text("0123456789abcdef-secret\n")
    monkeypatch.setenv("PETIOLE_TOKEN_FILE", str(tmp_path / "token"))
    with connect("http://127.0.0.1:1") as api:
        assert api._http.headers["Authorization"] == "Bearer 0123456789abcdef-secret"
    assert "secret" not in Petiole("http://127.0.0.1:1")("status").output


def test_token_is_not_sent_in_plain_text_to_another_machine(tmp_path, monkeypatch):
    (tmp_path / "token").write_text("0123456789abcdef-secret\n")
    monkeypatch.setenv("PETIOLE_TOKEN_FILE", str(tmp_path / "token"))
    result = Petiole("http://fleet.example:8765")("status")
    assert result.exit_code == 2
    assert "not sent over plain HTTP" in result.output
    assert "secret" not in result.output
    with connect("https://fleet.example:8765") as api:
        assert api.url == "https://fleet.example:8765"


@pytest.mark.parametrize(
    ("content", "expected"),
    [("flet = 'x'", 'did you mean "fleet"'), ("fleet =", "cannot be read"), ("fleet = 'nonsense'", "not an address")],
)
def test_wrong_configuration_file(tmp_path, content, expected):
    (tmp_path / "config.toml").write_text(content)
    result = CliRunner().invoke(app, ["status"])
    assert result.exit_code == 2
    assert expected in result.output


def test_undeploy_makes_a_workload_undesired(petiole, fleet, device):
    fleet.add_anchor("release", bytes(SigningKey(SEED).verify_key).hex())
    release = fleet.add_release(bundle())
    fleet.deploy("b-1", "thermometer", release.release)
    assert petiole("device", "undeploy", "b-1", "thermometer").exit_code == 0
    assert fleet.device("b-1").desired == []
    assert petiole("device", "undeploy", "b-1", "thermometer").exit_code == 1


def test_ping_says_when_the_way_to_the_device_is_broken(petiole, device):
    """The broker of these tests never answers."""
    result = petiole("device", "ping", "b-1")
    assert result.exit_code == 1
    assert "broker" in result.stderr


@pytest.mark.parametrize(("ok", "code"), [(True, 0), (False, 1)])
def test_ping_tells_the_answer(petiole, device, monkeypatch, ok, code):
    answer = {"id": "1", "ok": ok, "result": None, "error": None if ok else "malformed"}
    monkeypatch.setattr(Fleet, "command", lambda self, device, command: answer)
    result = petiole("device", "ping", "b-1")
    assert result.exit_code == code
    assert ("b-1 answered within" in result.stdout) == ok


def test_a_stop_says_where_it_happened(petiole, device, monkeypatch):
    used = {"fuel": 12_345, "memory": 65_536, "stack": 512, "up": 61_500}
    asked = []

    def explain(release, component, *, function, pc):
        asked.append((release, component, function, pc))
        return Source(7, "thermometer::read", "src/lib.rs", 41, 9) if function == 7 else None

    monkeypatch.setattr(component_symbols, "explain", explain)
    for function in (7, 8):
        device.event(
            "stop",
            workload="thermometer",
            version="3.0.0",
            reason="trap: unreachable",
            release=b"r" * 32,
            component="main",
            trap="unreachable",
            function=function,
            pc=99,
            **used,
        )
    first, second = petiole("logs", "b-1").stdout.splitlines()
    assert first.endswith(
        "trap: unreachable main: in thermometer::read at src/lib.rs:41, "
        "fuel 12,345, memory 65,536 bytes, stack 512 bytes, up 61.5 s"
    )
    assert "main: function 8 pc 99, fuel" in second
    assert asked[0] == (b"r" * 32, "main", 7, 99)


def test_a_stop_without_numbers(petiole, device):
    device.event("stop", workload="thermometer", reason="fuel")
    assert petiole("logs", "b-1").stdout.rstrip().endswith("thermometer          fuel")


def test_messages_of_guests_are_listed(petiole, device):
    device.message("greenhouse.vent", b"open")
    device.message("greenhouse.vent", b"\x00")
    lines = petiole("message", "list", "b-1").stdout.splitlines()
    assert [line.split("  ", 1)[1] for line in lines] == ["greenhouse.vent  open", "greenhouse.vent  0x00"]
