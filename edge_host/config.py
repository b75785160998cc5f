"""The agent's configuration file (TOML), read once at start.

Relative paths are relative to the file. Every mistake is a `ConfigError` that names the file and the key; unknown
keys are mistakes, because a misspelt key would otherwise be a silent default.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from edge_host.config_labels import Label, read_labels
from edge_host.errors import ConfigError
from edge_host.toml_table import Table
from wire import cose

MEBIBYTE = 1024 * 1024


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
    """An attached board: a serial device or ``socket://host:port``; ``baud`` paces sockets too."""

    name: str
    port: str
    baud: int


@dataclass(frozen=True)
class Config:
    """Everything the agent is told from outside."""

    file: Path
    device: str
    site: str
    state: Path
    mqtt: Mqtt
    anchors: tuple[bytes, ...]
    boards: tuple[Board, ...]
    labels: Mapping[str, Label]
    outbox_bytes: int = 64 * MEBIBYTE
    guest_threads: int = 64


def load(file: Path) -> Config:
    """The configuration in `file`; raises `ConfigError`."""
    file = file.absolute()
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(file, "", f"cannot be read: {error.strerror}; name the file with --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(file, "", f"is not TOML: {error}") from None
    root = Table(file, "", content)
    device = root.table("device")
    identity = root.table("identity")
    agent = root.table("agent")
    config = Config(
        file=file,
        device=device.name("name", "device"),
        site=device.name("site", "site"),
        state=device.path_of("state", "state"),
        mqtt=_mqtt(root.table("mqtt"), identity),
        anchors=_anchors(identity),
        boards=_boards(root.tables("boards")),
        labels=read_labels(root),
        outbox_bytes=agent.integer("outbox-bytes", 64 * MEBIBYTE, 64 * 1024, 1 << 40),
        guest_threads=agent.integer("guest-threads", 64, 1, 1024),
    )
    for table in (device, identity, agent, root):
        table.close()
    if any(board.name == config.device for board in config.boards):
        raise ConfigError(file, "boards", f"a board has the name of this device, {config.device!r}")
    return config


def _mqtt(table: Table, identity: Table) -> Mqtt:
    url = table.text("url")
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
    for key in ("ca", "certificate", "key"):
        own, enrolled = table.optional_path(key), identity.optional_path(key)
        files[key] = (own or enrolled) if tls else None
        if tls and files[key] is None:
            raise table.error(key, "missing: mqtts needs ca, certificate and key in [mqtt] or [identity]")
    table.close()
    return Mqtt(parts.hostname, port or (8883 if tls else 1883), tls, files["ca"], files["certificate"], files["key"])


def _anchors(identity: Table) -> tuple[bytes, ...]:
    value = identity.take("anchors")
    if not isinstance(value, list) or not value:
        raise identity.error("anchors", "must list at least one public key in hexadecimal digits; enroll the device")
    anchors = []
    for text in value:
        try:
            anchor = bytes.fromhex(text)
        except (TypeError, ValueError):
            anchor = b""
        if not cose.is_anchor(anchor):
            raise identity.error("anchors", f"{text!r} is not a public key of 64 hexadecimal digits (P-256: 66)")
        anchors.append(anchor)
    return tuple(anchors)


def _boards(tables: list[Table]) -> tuple[Board, ...]:
    boards: list[Board] = []
    for table in tables:
        board = Board(
            table.name("name", "device"), table.text("port"), table.integer("baud", 115_200, 300, 100_000_000)
        )
        if "://" in board.port and not board.port.startswith("socket://"):
            raise table.error("port", f"{board.port!r} is neither a serial device nor socket://host:port")
        if any(board.name == other.name for other in boards):
            raise table.error("name", f"{board.name!r} is used twice")
        if any(board.port == other.port for other in boards):
            raise table.error("port", f"{board.port!r} is used twice")
        table.close()
        boards.append(board)
    return tuple(boards)
