"""The agent's configuration file (TOML), read once at start.

Relative paths are relative to the file. Every mistake is a `ConfigError` that names the file and the key; unknown
keys are mistakes, because a misspelt key would otherwise be a silent default.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from edge_host.config_labels import Label, read_labels
from edge_host.config_outbox import OUTBOX, read_outbox
from edge_host.errors import ConfigError
from edge_host.http.settings import HTTP, HttpSettings, read_http
from edge_host.outbox_model import OutboxPolicy
from edge_host.settings import File, Integer, Name, Section, Text, Texts
from edge_host.toml_table import Table
from wire import cose

DEVICE_NAME = Name("name", "the name of this host", kind="device")
SITE = Name("site", "the site that it belongs to", kind="site")
STATE = File("state", "folder for everything that must last; one agent a folder", default="state")
DEVICE = Section("device", "Who this host is.", (DEVICE_NAME, SITE, STATE))

URL = Text("url", "`mqtt://HOST:PORT` or `mqtts://HOST:PORT`; ports 1883 and 8883 when left out")
CA = File("ca", "PEM file: who may have signed the broker's certificate", optional=True)
CERTIFICATE = File("certificate", "PEM file: the certificate of this host", optional=True)
KEY = File("key", "PEM file: its private key", optional=True)
MQTT = Section(
    "mqtt",
    "The site's broker. `mqtts` needs the three files, here or in `[identity]`; no password is ever sent. Without this "
    "table there is no fleet: the host runs what the files in `agent.manifests` say.",
    (URL, CA, CERTIFICATE, KEY),
)

ANCHORS = Texts("anchors", "public keys, in hexadecimal, whose releases are taken: 64 digits (P-256: 66)")
IDENTITY = Section("identity", "What enrolment made.", (ANCHORS, CA, CERTIFICATE, KEY))

GUEST_THREADS = Integer(
    "guest-threads", "guests in a call at the same time, services and waiting ones too", 64, least=1, most=1024
)
MANIFESTS = File(
    "manifests",
    "folder whose bundles (`.suit`) and references (`.toml`) run beside what the fleet desires, workload files "
    "(`.yaml`) too where there is a `signing-key`; `petiole agent run --manifests DIR` goes before it",
    optional=True,
)
SIGNING_KEY = File(
    "signing-key",
    "private key with which the agent signs workload files of its manifest folder; its public key must be one of the "
    "`anchors`, others must not be able to read it, and `petiole[cli]` must be installed",
    optional=True,
)
SECRETS = File(
    "secrets",
    "folder of the secrets that workloads may be given: a folder for each, in it a file for each key, which others "
    "must not be able to read",
    optional=True,
)
AGENT = Section("agent", "What the agent may use.", (GUEST_THREADS, MANIFESTS, SIGNING_KEY, SECRETS))

LISTEN = Text(
    "listen",
    "`HOST:PORT`: Prometheus metrics at `http://HOST:PORT/metrics`, for anybody who can reach it",
    optional=True,
)
METRICS = Section("metrics", "Metrics on request; `petiole agent metrics` shows them without.", (LISTEN,))

BOARD_NAME = Name("name", "the device name of the board", kind="device")
PORT = Text(
    "port",
    "its port: a serial device, or `socket://HOST:PORT` paced to `baud`; without it the board is looked for at the "
    "USB serial ports by the name that it gives itself",
    optional=True,
)
USB = Text("usb", "`VID:PID`, hexadecimal: look at ports of this USB id, besides those known for boards", optional=True)
SERIAL = Text("serial", "look only at the port with this USB serial number", optional=True)
BAUD = Integer("baud", "bits a second on the line", 115_200, least=300, most=100_000_000)
BOARDS = Section("boards", "The attached boards, one table each.", (BOARD_NAME, PORT, USB, SERIAL, BAUD), array=True)


@dataclass(frozen=True)
class Mqtt:
    """Where the site's broker is; the paths are set for ``mqtts`` alone."""

    host: str
    port: int
    tls: bool
    ca: Path | None
    certificate: Path | None
    key: Path | None


@dataclass(frozen=True)
class Board:
    """An attached board: a serial device or ``socket://host:port``; ``baud`` paces sockets too.

    Without a port (None) it is looked for at the USB serial ports: at those with the numbers ``usb`` (vendor, product)
    and the serial number ``serial`` where they are set.
    """

    name: str
    port: str | None
    baud: int
    usb: tuple[int, int] | None = None
    serial: str | None = None


@dataclass(frozen=True)
class Config:
    """Everything the agent is told from outside."""

    file: Path
    device: str
    site: str
    state: Path
    mqtt: Mqtt | None
    anchors: tuple[bytes, ...]
    boards: tuple[Board, ...]
    labels: Mapping[str, Label]
    outbox: OutboxPolicy = field(default_factory=OutboxPolicy)
    guest_threads: int = 64
    metrics: tuple[str, int] | None = None
    manifests: Path | None = None
    signing_key: Path | None = None
    http: HttpSettings | None = None
    secrets: Path | None = None

    @property
    def owner(self) -> str:
        """What locks say of who holds them."""
        return f"petiole agent {self.device}, {self.file}"


def load(file: Path, seen_as: Path | None = None) -> Config:
    """The configuration in `file`; raises `ConfigError`.

    `seen_as` is its path on the machine that it is for, when `file` lies in an image of it.
    """
    file = file.absolute()
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(file, "", f"cannot be read: {error.strerror}; name the file with --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(file, "", f"is not TOML: {error}") from None
    file = seen_as or file
    root = Table(file, "", content)
    device = root.section(DEVICE)
    identity = root.section(IDENTITY)
    agent = root.section(AGENT)
    config = Config(
        file=file,
        device=device.get(DEVICE_NAME),
        site=device.get(SITE),
        state=device.get(STATE),
        mqtt=_mqtt(root.section(MQTT) if root.has("mqtt") else None, identity),
        anchors=_anchors(identity),
        boards=_boards(root.sections(BOARDS)),
        labels=read_labels(root),
        outbox=read_outbox(root.section(OUTBOX)),
        guest_threads=agent.get(GUEST_THREADS),
        metrics=_metrics(root.section(METRICS)),
        manifests=agent.find(MANIFESTS),
        signing_key=agent.find(SIGNING_KEY),
        http=read_http(root.section(HTTP)),
        secrets=agent.find(SECRETS),
    )
    for table in (device, identity, agent, root):
        table.close()
    if any(board.name == config.device for board in config.boards):
        raise ConfigError(file, "boards", f"a board has the name of this device, {config.device!r}")
    return config


def _mqtt(table: Table | None, identity: Table) -> Mqtt | None:
    enrolled = {key: identity.find(key) for key in (CA, CERTIFICATE, KEY)}
    if table is None:
        return None
    url = table.get(URL)
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        raise table.error("url", f"{url!r} has a wrong port") from None
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise table.error("url", f"{url!r} is not mqtt://host:port or mqtts://host:port")
    if parts.username or parts.password:
        raise table.error("url", "must not hold a password; devices identify themselves with a certificate")
    tls = parts.scheme == "mqtts"
    files: dict[str, Path | None] = {}
    for key in (CA, CERTIFICATE, KEY):
        own = table.find(key)
        files[key.name] = (own or enrolled[key]) if tls else None
        if tls and files[key.name] is None:
            raise table.error(key.name, "missing: mqtts needs ca, certificate and key in [mqtt] or [identity]")
    table.close()
    return Mqtt(parts.hostname, port or (8883 if tls else 1883), tls, files["ca"], files["certificate"], files["key"])


def _metrics(table: Table) -> tuple[str, int] | None:
    listen = table.find(LISTEN)
    table.close()
    if listen is None:
        return None
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise table.error(LISTEN.name, f"{listen!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _anchors(identity: Table) -> tuple[bytes, ...]:
    value = identity.find(ANCHORS)
    if not value:
        raise identity.error("anchors", "must list at least one public key in hexadecimal digits; enroll the device")
    anchors = []
    for text in value:
        try:
            anchor = bytes.fromhex(text)
        except ValueError:
            anchor = b""
        if not cose.is_anchor(anchor):
            raise identity.error("anchors", f"{text!r} is not a public key of 64 hexadecimal digits (P-256: 66)")
        anchors.append(anchor)
    return tuple(anchors)


def _boards(tables: list[Table]) -> tuple[Board, ...]:
    boards: list[Board] = []
    for table in tables:
        board = Board(
            *(table.get(BOARD_NAME), table.find(PORT), table.get(BAUD)), usb=_usb(table), serial=table.find(SERIAL)
        )
        if board.port is not None:
            if "://" in board.port and not board.port.startswith("socket://"):
                raise table.error("port", f"{board.port!r} is neither a serial device nor socket://host:port")
            if board.usb or board.serial:
                raise table.error("port", "a board is found by its port or by usb and serial, not by both")
        if any(board.name == other.name for other in boards):
            raise table.error("name", f"{board.name!r} is used twice")
        if any(board.port == other.port is not None for other in boards):
            raise table.error("port", f"{board.port!r} is used twice")
        table.close()
        boards.append(board)
    return tuple(boards)


def _usb(table: Table) -> tuple[int, int] | None:
    text = table.find(USB)
    if text is None:
        return None
    vendor, colon, product = text.partition(":")
    try:
        found = int(vendor, 16), int(product, 16)
    except ValueError:
        found = -1, -1
    if not colon or not all(0 <= number <= 0xFFFF for number in found):
        raise table.error(USB.name, f"{text!r} is not VID:PID in hexadecimal, for example 303a:1001")
    return found
