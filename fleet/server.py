"""Puts a fleet process together from its settings, and runs it until it is told to stop."""

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from fleet.api.app import make_app
from fleet.broker.hub import Hub, hub_tls
from fleet.database import Database
from fleet.errors import SetupError
from fleet.identity.authority import Authority
from fleet.identity.files import private_folder
from fleet.mqtt.counters import Counters
from fleet.mqtt.intake import Intake
from fleet.mqtt.uplink import Uplink
from fleet.operations import Operations
from fleet.pages.routes import add_dashboard
from fleet.services.changes import Changes
from fleet.settings import ClientTls, Settings

SHUTDOWN_S = 3
CONNECT_S = 10.0

log = logging.getLogger(__name__)


@contextmanager
def open_fleet(settings: Settings) -> Iterator[Operations]:
    """A working fleet without HTTP: database, authority, embedded broker, connection to the broker."""
    settings.check()
    private_folder(settings.state)
    database = Database(settings.database)
    database.migrate()
    authority = Authority.open(settings.identity_folder)
    changes, counters = Changes(), Counters()
    hub, client_tls = _hub(settings, authority)
    uplink = Uplink(settings.broker, Intake(database, changes, counters), counters, client_tls)
    fleet = Operations(
        settings=settings,
        database=database,
        authority=authority,
        uplink=uplink,
        changes=changes,
        counters=counters,
        hub=hub,
    )
    try:
        if hub is not None:
            hub.start(fleet.site_access())
        uplink.start()
        if hub is not None and not uplink.wait_until_up(CONNECT_S):
            log.warning("the fleet's own broker does not answer yet; going on")
        try:
            yield fleet
        finally:
            uplink.stop()
    finally:
        if hub is not None:
            hub.stop()
        database.close()


class Server(uvicorn.Server):
    """Uvicorn that ends as asked on SIGTERM and SIGINT, instead of dying of the signal once it has cleaned up."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Makes the two signals end the server while it serves."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def make_server(settings: Settings, fleet: Operations) -> Server:
    """The HTTP server of a fleet: API and dashboard."""
    app = make_app(fleet, _token(settings))
    add_dashboard(app, fleet)
    return Server(_uvicorn_config(settings, app))


def serve(settings: Settings) -> None:
    """Runs a fleet until SIGTERM or SIGINT. SetupError when it cannot start."""
    settings.check()
    listener = _listen(settings)
    with listener, open_fleet(settings) as fleet:
        server = make_server(settings, fleet)
        scheme = "https" if settings.tls else "http"
        log.info("dashboard and API on %s://%s:%d", scheme, settings.host, settings.port)
        asyncio.run(server.serve([listener]))
    log.info("stopped")


def _hub(settings: Settings, authority: Authority) -> tuple[Hub | None, ClientTls | None]:
    if settings.embedded is None:
        return None, settings.broker_tls
    if not settings.embedded.tls:
        return Hub(settings.broker_folder, settings.embedded, None), None
    server_tls, client_tls = hub_tls(authority, settings.embedded.host)
    return Hub(settings.broker_folder, settings.embedded, server_tls), client_tls


def _listen(settings: Settings) -> socket.socket:
    """The listening socket, so that a port in use is known before anything else starts."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise SetupError(
            f"the fleet cannot listen on {settings.host}:{settings.port}: {error.strerror}; choose another --port"
        ) from error
    listener.set_inheritable(False)
    return listener


def _token(settings: Settings) -> str | None:
    if settings.token_file is None:
        return None
    try:
        token = settings.token_file.read_text().strip()
    except OSError as error:
        raise SetupError(f"the token file cannot be read: {error}") from error
    if len(token) < 16:
        raise SetupError(f"{settings.token_file} must hold a token of at least 16 characters")
    return token


def _uvicorn_config(settings: Settings, app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
        ssl_certfile=None if settings.tls is None else str(settings.tls.certificate),
        ssl_keyfile=None if settings.tls is None else str(settings.tls.key),
    )
