"""`petiole fleet` on the command line: what it prints, and how it fails."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from typer.testing import CliRunner

from fleet.api.app import make_app
from fleet.commands import app
from fleet.operations import Operations
from fleet.server import Server
from tests.fleet.conftest import running
from tests.fleet.helpers import SITE, free_port

runner = CliRunner()


@pytest.fixture
def url(fleet: Operations) -> Iterator[str]:
    with running(Server(uvicorn.Config(make_app(fleet), log_config=None))) as port:
        yield f"http://127.0.0.1:{port}"


def test_a_site_and_a_token_are_made(url: str, fleet: Operations) -> None:
    assert runner.invoke(app, ["site", SITE, "--fleet", url]).exit_code == 0
    assert runner.invoke(app, ["site", SITE, "--fleet", url]).exit_code == 0
    made = runner.invoke(app, ["token", SITE, "--fleet", url, "--json"])
    assert json.loads(made.output)["site"] == SITE
    assert [site.name for site in fleet.sites()] == [SITE]


def test_a_wrong_site_is_told(url: str) -> None:
    failed = runner.invoke(app, ["token", "nowhere", "--fleet", url])
    assert failed.exit_code == 1
    assert "there is no site 'nowhere'" in failed.output


@pytest.mark.parametrize("command", ["site", "token"])
def test_the_apis_token_is_not_sent_in_plain_text_to_another_machine(tmp_path: Path, command: str) -> None:
    (tmp_path / "token").write_text("0123456789abcdef-secret\n")
    options = ["--fleet", "http://fleet.example:8765", "--token-file", str(tmp_path / "token")]
    failed = runner.invoke(app, [command, SITE, *options])
    assert failed.exit_code == 1
    assert "not sent over plain HTTP" in failed.output
    assert "secret" not in failed.output


@pytest.mark.parametrize("option", ["--token-file", "--ca"])
def test_files_that_are_not_there_are_told(tmp_path: Path, option: str) -> None:
    failed = runner.invoke(app, ["site", SITE, option, str(tmp_path / "missing")])
    assert failed.exit_code == 1
    assert "cannot be read" in failed.output
    assert "missing" in failed.output


def test_a_fleet_that_is_not_there_is_told() -> None:
    failed = runner.invoke(app, ["site", SITE, "--fleet", f"http://127.0.0.1:{free_port()}"])
    assert failed.exit_code == 1
    assert "is `petiole fleet serve` running there?" in failed.output


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--host", "0.0.0.0"], "--token-file"),  # noqa: S104
        (["--broker", "http://x"], "is not mqtt://HOST:PORT"),
        (["--leaf-port", "1"], "give --embedded-broker PORT too"),
        (["--tls-key", "k.pem"], "give --tls-certificate and --tls-key together"),
        (["--log-level", "loud"], "is not debug, info, warning or error"),
        (["--database", "nonsense"], "cannot be used"),
    ],
)
def test_settings_that_cannot_work_are_told(tmp_path: Path, options: list[str], expected: str) -> None:
    state = ["--state", str(tmp_path / "state"), "--port", str(free_port())]
    failed = runner.invoke(app, ["serve", *state, *options])
    assert failed.exit_code == 1
    assert expected in " ".join(failed.output.split())


@pytest.mark.parametrize("option", ["--port", "--embedded-broker"])
def test_a_port_in_use_is_told(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {"--port": str(free_port()), option: str(taken.getsockname()[1])}
        arguments = [argument for pair in ports.items() for argument in pair]
        failed = runner.invoke(app, ["serve", "--state", str(tmp_path / "state"), *arguments])
    assert failed.exit_code == 1
    assert "Address already in use; choose another" in " ".join(failed.output.split())


def test_the_leafs_configuration_keeps_its_secret_apart(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("0123456789abcdef")
    options = ["--hub", "nats-leaf://127.0.0.1:7422", "--password-file", str(password), "-o", str(tmp_path / "leaf")]
    assert runner.invoke(app, ["leaf-config", SITE, *options]).exit_code == 0
    assert "0123456789abcdef" not in (tmp_path / "leaf" / "leaf.conf").read_text()
    secret = tmp_path / "leaf" / "hub-address.conf"
    assert "0123456789abcdef" in secret.read_text()
    assert secret.stat().st_mode & 0o077 == 0
    wrong = runner.invoke(app, ["leaf-config", SITE, "--hub", "http://x", "--password-file", str(password)])
    assert wrong.exit_code == 1
    assert "is not nats-leaf://HOST:PORT" in wrong.output
