"""Fleets for tests: without a broker for what needs none, and one with its real embedded nats-server."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient

from fleet.api.app import make_app
from fleet.database import Database
from fleet.operations import Operations
from fleet.server import make_server, open_fleet
from fleet.settings import BrokerAddress, EmbeddedBroker, Settings
from tests.fleet.helpers import SITE, Device, free_port


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A fleet whose broker is not there."""
    return Settings(state=tmp_path / "fleet", external_broker=BrokerAddress("127.0.0.1", free_port(), tls=False))


@pytest.fixture
def fleet(settings: Settings) -> Iterator[Operations]:
    with open_fleet(settings) as operations:
        yield operations


@pytest.fixture
def api(fleet: Operations) -> Iterator[TestClient]:
    with TestClient(make_app(fleet), base_url="http://fleet/api/v1/", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'fleet.sqlite'}")
    made.migrate()
    yield made
    made.close()


@pytest.fixture(scope="module")
def live_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A fleet with its embedded hub."""
    return Settings(
        state=tmp_path_factory.mktemp("fleet"),
        port=free_port(),
        embedded=EmbeddedBroker(mqtt_port=free_port(), leaf_port=free_port()),
    )


@pytest.fixture(scope="module")
def live_fleet(live_settings: Settings) -> Iterator[Operations]:
    with open_fleet(live_settings) as operations:
        operations.add_site(SITE)
        yield operations


@pytest.fixture(scope="module")
def live_url(live_settings: Settings, live_fleet: Operations) -> Iterator[str]:
    """Address of API and dashboard of the live fleet, served as `petiole fleet serve` does."""
    server = make_server(live_settings, live_fleet)
    with running(server) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def live_api(live_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{live_url}/api/v1/", timeout=30) as client:
        yield client


@pytest.fixture
def device(live_fleet: Operations, live_settings: Settings, request: pytest.FixtureRequest) -> Iterator[Device]:
    """A freshly enrolled board with its own connection to the hub."""
    name = f"board-{abs(hash(request.node.nodeid)) % 10**9}"
    with Device.enrolled(live_fleet, name, live_settings.broker.port) as made:
        yield made


@contextlib.contextmanager
def running(server: uvicorn.Server) -> Iterator[int]:
    """Runs a web server on a free port in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        while not server.started and thread.is_alive():
            thread.join(0.02)
        yield port
        server.should_exit = True
        thread.join(10)
