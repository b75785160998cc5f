"""A component that is built once, a real fleet without a broker on a free port, and a board at the desk."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from typer.testing import CliRunner, Result

from fleet.api.app import make_app
from fleet.operations import Operations
from fleet.server import open_fleet
from fleet.settings import BrokerAddress, Settings
from petiole.app import app
from provisioning import component
from provisioning.component import BuiltComponent
from tests.provisioning import workloads
from tests.provisioning.board_double import BoardDouble

SITE = "greenhouse"
ANCHOR = bytes(range(32))


@pytest.fixture(scope="session")
def hello(tmp_path_factory: pytest.TempPathFactory) -> BuiltComponent:
    """The example `hello`, built by cargo and petiole-aot."""
    folder: Path = tmp_path_factory.mktemp("hello")
    (built,) = component.build(workloads.write(folder))
    return built


@pytest.fixture
def workload_file(hello: BuiltComponent, tmp_path: Path) -> Path:
    """A workload file beside the built component, that does not say how to build it again."""
    (tmp_path / "hello.wasm").write_bytes(hello.path.read_bytes())
    return workloads.write(tmp_path, crate=None)


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the person who runs the tests."""
    monkeypatch.setenv("PETIOLE_CONFIG", str(tmp_path / "config.toml"))
    for name in ("PETIOLE_FLEET", "PETIOLE_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Operations]:
    """The fleet's operations; what listens at its broker's address never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        broker = BrokerAddress("127.0.0.1", silent.getsockname()[1], tls=False)
        with open_fleet(Settings(state=tmp_path / "fleet", external_broker=broker)) as operations:
            operations.add_site(SITE)
            yield operations


@pytest.fixture
def fleet_url(fleet: Operations) -> Iterator[str]:
    """Address of the fleet's API."""
    server = uvicorn.Server(uvicorn.Config(make_app(fleet), port=0, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def trusted(fleet: Operations) -> Operations:
    """The fleet with a trusted release key."""
    fleet.add_anchor("release", ANCHOR.hex())
    return fleet


@pytest.fixture
def double() -> Iterator[BoardDouble]:
    with BoardDouble() as made:
        yield made


class Petiole:
    """Runs `petiole` commands in this process against the fleet."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments), env={"PETIOLE_FLEET": self.url, "COLUMNS": "200"})


@pytest.fixture
def petiole(fleet_url: str) -> Petiole:
    return Petiole(fleet_url)
