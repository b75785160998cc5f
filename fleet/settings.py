"""What a fleet process is told at its start, and where it keeps its files."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from fleet.errors import SetupError

LOOPBACK = "127.0.0.1"
ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - compared with, not bound to


@dataclass(frozen=True)
class TlsFiles:
    """PEM files with which a server proves its name."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class ClientTls:
    """PEM files with which the fleet proves itself to its broker, and the authority that the broker must have."""

    ca: Path
    certificate: Path
    key: Path


@dataclass(frozen=True)
class BrokerAddress:
    """Where the fleet's MQTT broker listens."""

    host: str
    port: int
    tls: bool

    @classmethod
    def parse(cls, url: str) -> "BrokerAddress":
        """Reads `mqtt://host:port` or `mqtts://host:port`; SetupError for anything else."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError as error:
            raise SetupError(f"broker address {url!r}: {error}") from error
        if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname or parts.path.strip("/") or parts.username:
            raise SetupError(f"broker address {url!r} is not mqtt://HOST:PORT or mqtts://HOST:PORT")
        tls = parts.scheme == "mqtts"
        return cls(parts.hostname, port or (8883 if tls else 1883), tls)

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


@dataclass(frozen=True)
class EmbeddedBroker:
    """The nats-server that the fleet starts itself: ports of its MQTT listener and of the listener for site leaves.

    With `tls` clients prove who they are by certificate; only then may `host` be more than loopback.
    """

    mqtt_port: int
    leaf_port: int | None = None
    host: str = LOOPBACK
    tls: bool = False

    @property
    def address(self) -> BrokerAddress:
        """Where the fleet and edge hosts of this machine reach it."""
        return BrokerAddress(LOOPBACK if self.host == ANY_ADDRESS else self.host, self.mqtt_port, self.tls)


@dataclass(frozen=True)
class Settings:
    """Settings of one fleet process; all of its files lie in `state`."""

    state: Path
    host: str = LOOPBACK
    port: int = 8765
    external_broker: BrokerAddress = BrokerAddress(LOOPBACK, 1883, tls=False)
    embedded: EmbeddedBroker | None = None
    database_url: str | None = None
    tls: TlsFiles | None = None
    token_file: Path | None = None
    broker_tls: ClientTls | None = None

    @property
    def broker(self) -> BrokerAddress:
        """The broker that the fleet and its edge hosts use."""
        return self.external_broker if self.embedded is None else self.embedded.address

    @property
    def database(self) -> str:
        """SQLAlchemy's address of the database: SQLite in the state folder unless another was given."""
        return self.database_url or f"sqlite:///{self.state / 'fleet.sqlite'}"

    @property
    def identity_folder(self) -> Path:
        """Certificate authority of the fleet and its own client certificate."""
        return self.state / "identity"

    @property
    def broker_folder(self) -> Path:
        """Configuration, passwords and JetStream store of the embedded broker."""
        return self.state / "broker"

    def check(self) -> "Settings":
        """Returns itself, or raises SetupError when the API would stand open to a network."""
        if not is_loopback(self.host) and (self.tls is None or self.token_file is None):
            raise SetupError(
                f"the API may only listen on {self.host} with TLS and a token: "
                "give --tls-certificate, --tls-key and --token-file, or leave --host at 127.0.0.1"
            )
        if self.embedded and not is_loopback(self.embedded.host) and not self.embedded.tls:
            raise SetupError(f"the embedded broker may only listen on {self.embedded.host} with --tls")
        if self.broker_tls and (self.embedded or not self.external_broker.tls):
            raise SetupError(
                "a certificate for the broker is only for an mqtts:// broker that the fleet does not start"
            )
        return self


def is_loopback(host: str) -> bool:
    """Whether a host name or address never leaves this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
