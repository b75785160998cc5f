"""The agent's configuration file (TOML), read once at start.

Relative paths are relative to the file. Every mistake is a `ConfigError` that names the file and the key; unknown
keys are mistakes, because a misspelt key would otherwise be a silent default.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from edge_host.errors import ConfigError
from wire.errors import WireError
from wire.names import check_name

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
class SimulatedDevice:
    """A model of an I2C device; ``file`` holds the world it senses (degrees Celsius)."""

    model: str
    address: int
    file: Path


@dataclass(frozen=True)
class Label:
    """A physical resource under its label; ``devices`` are those on a simulated I2C bus."""

    name: str
    interface: str
    backend: str
    devices: tuple[SimulatedDevice, ...]


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
    guest_threads: int = 2


class _Table:
    """One TOML table: takes its keys one by one and complains about what is left."""

    def __init__(self, file: Path, path: str, value: object) -> None:
        self.file, self.path = file, path
        if not isinstance(value, dict):
            raise ConfigError(file, path, "must be a table")
        self._left: dict[str, object] = dict(value)
        self._known: list[str] = []

    def error(self, key: str, problem: str) -> ConfigError:
        return ConfigError(self.file, f"{self.path}.{key}" if self.path else key, problem)

    def take(self, key: str) -> object | None:
        self._known.append(key)
        return self._left.pop(key, None)

    def text(self, key: str, default: str | None = None) -> str:
        value = self.take(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value:
            raise self.error(key, "missing" if value is None else "must be a non-empty text")
        return value

    def integer(self, key: str, default: int | None, least: int, most: int) -> int:
        value = self.take(key)
        if value is None and default is not None:
            return default
        if value is None:
            raise self.error(key, "missing")
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.error(key, f"must be a whole number from {least} to {most}")
        return value

    def name(self, key: str, kind: str) -> str:
        try:
            return check_name(kind, self.text(key))
        except WireError as error:
            raise self.error(key, str(error)) from None

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        value = self.text(key)
        if value not in choices:
            raise self.error(key, f"{value!r} is not one of {', '.join(choices)}")
        return value

    def path_of(self, key: str, default: str | None = None) -> Path:
        return self.file.parent / self.text(key, default)

    def optional_path(self, key: str) -> Path | None:
        if key in self._left:
            return self.path_of(key)
        self._known.append(key)
        return None

    def table(self, key: str) -> _Table:
        return _Table(self.file, f"{self.path}.{key}" if self.path else key, self.take(key) or {})

    def tables(self, key: str) -> list[_Table]:
        value = self.take(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.error(key, "must be an array of tables")
        return [_Table(self.file, f"{self.path}.{key}[{n}]".lstrip("."), entry) for n, entry in enumerate(value)]

    def named_tables(self, key: str) -> dict[str, _Table]:
        inner = self.table(key)
        return {name: _Table(self.file, f"{inner.path}.{name}", value) for name, value in inner._left.items()}

    def close(self) -> None:
        for key in self._left:
            near = difflib.get_close_matches(key, self._known, 1)
            raise self.error(key, "unknown key" + (f", did you mean {near[0]!r}?" if near else ""))


def load(file: Path) -> Config:
    """The configuration in `file`; raises `ConfigError`."""
    file = file.absolute()
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(file, "", f"cannot be read: {error.strerror}; name the file with --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(file, "", f"is not TOML: {error}") from None
    root = _Table(file, "", content)
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
        labels={name: _label(name, table) for name, table in root.named_tables("labels").items()},
        outbox_bytes=agent.integer("outbox-bytes", 64 * MEBIBYTE, 64 * 1024, 1 << 40),
        guest_threads=agent.integer("guest-threads", 2, 1, 64),
    )
    for table in (device, identity, agent, root):
        table.close()
    if any(board.name == config.device for board in config.boards):
        raise ConfigError(file, "boards", f"a board has the name of this device, {config.device!r}")
    return config


def _mqtt(table: _Table, identity: _Table) -> Mqtt:
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


def _anchors(identity: _Table) -> tuple[bytes, ...]:
    value = identity.take("anchors")
    if not isinstance(value, list) or not value:
        raise identity.error("anchors", "must list at least one public key (64 hexadecimal digits); enroll the device")
    anchors = []
    for text in value:
        try:
            anchor = bytes.fromhex(text)
        except (TypeError, ValueError):
            anchor = b""
        if len(anchor) != 32:
            raise identity.error("anchors", f"{text!r} is not a public key of 64 hexadecimal digits")
        anchors.append(anchor)
    return tuple(anchors)


def _boards(tables: list[_Table]) -> tuple[Board, ...]:
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


def _label(name: str, table: _Table) -> Label:
    try:
        check_name("label", name)
    except WireError as error:
        raise ConfigError(table.file, table.path, str(error)) from None
    interface = table.choice("interface", ("wasi:i2c/i2c", "wasi:gpio/digital"))
    backend = table.choice("backend", ("simulated", "linux"))
    if backend == "linux":
        raise table.error("backend", "'linux' is not supported yet; use 'simulated'")
    devices = []
    for entry in table.tables("devices"):
        if interface != "wasi:i2c/i2c":
            raise entry.error("model", "only an I2C bus has devices")
        devices.append(
            SimulatedDevice(
                entry.choice("model", ("tmp105",)), entry.integer("address", None, 0x03, 0x77), entry.path_of("file")
            )
        )
        entry.close()
    table.close()
    return Label(name, interface, backend, tuple(devices))
