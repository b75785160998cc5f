"""The embedded hub: a nats-server whose accounts and users follow the registry."""

import logging
import secrets
import threading
from collections.abc import Sequence
from pathlib import Path

from fleet.broker.config import FLEET_USER, HubSettings, ServerTls, SiteAccess, hub_config
from fleet.broker.health import free_monitor_port
from fleet.broker.program import Server
from fleet.errors import SetupError
from fleet.identity.authority import Authority
from fleet.identity.files import private_folder, write_private
from fleet.settings import ClientTls, EmbeddedBroker

log = logging.getLogger(__name__)


class Hub:
    """The fleet's own broker, and the files that belong to it. Usable from any thread."""

    def __init__(self, folder: Path, embedded: EmbeddedBroker, tls: ServerTls | None) -> None:
        self._folder = private_folder(folder)
        self._lock = threading.Lock()
        self._config_file = folder / "hub.conf"
        self._settings = HubSettings(
            store=folder / "jetstream",
            mqtt_port=embedded.mqtt_port,
            leaf_port=embedded.leaf_port,
            host=embedded.host,
            local_password=secrets.token_hex(16),
            tls=tls,
            monitor_port=free_monitor_port(),
        )
        ports = [port for port in (embedded.mqtt_port, embedded.leaf_port) if port is not None]
        self._server = Server(
            self._config_file,
            folder / "hub.log",
            folder / "hub.pid",
            embedded.host,
            ports,
            monitor=self._settings.monitor_port,
        )
        self._written = ""

    def start(self, sites: Sequence[SiteAccess]) -> None:
        """Writes the configuration and starts the server; SetupError when it does not come up."""
        self._write(sites)
        self._server.start()
        log.info("hub listens for MQTT on port %d", self._settings.mqtt_port)

    def refresh(self, sites: Sequence[SiteAccess]) -> None:
        """Makes the server follow the registry; does nothing when nothing changed for it."""
        if self._write(sites):
            self._server.reload()

    def stop(self) -> None:
        """Ends the server."""
        self._server.stop()

    def _write(self, sites: Sequence[SiteAccess]) -> bool:
        with self._lock:
            text = hub_config(self._settings, sites)
            if text == self._written:
                return False
            write_private(self._config_file, text.encode())
            self._written = text
            return True


def hub_tls(authority: Authority, host: str) -> tuple[ServerTls, ClientTls]:
    """New certificates for the hub and for the fleet as its client."""
    ca = authority.folder / "ca.pem"
    certificate, key = authority.server_files("hub", [host])
    client_certificate, client_key = authority.client_files(FLEET_USER)
    return ServerTls(certificate, key, ca), ClientTls(ca, client_certificate, client_key)


def leaf_password_file(broker_folder: Path, site: str) -> Path:
    """Where the password of a site's leaf lies."""
    return broker_folder / "leaves" / f"{site}.password"


def leaf_password(broker_folder: Path, site: str) -> str:
    """The password of a site's leaf; made when there is none yet."""
    file = leaf_password_file(broker_folder, site)
    if not file.exists():
        private_folder(file.parent)
        write_private(file, secrets.token_hex(24).encode())
    return file.read_text().strip()


def read_leaf_password(file: Path) -> str:
    """The password in a file; SetupError when it cannot be read."""
    try:
        password = file.read_text().strip()
    except OSError as error:
        raise SetupError(f"the site's password cannot be read: {error}; make it with `petiole fleet site`") from error
    if not password.isalnum():
        raise SetupError(f"{file} does not hold a password as the fleet writes it")
    return password
