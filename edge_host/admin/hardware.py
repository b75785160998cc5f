"""Which device nodes of this machine a configuration reaches, and the groups that may open them on Debian."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from edge_host.config import Config
from edge_host.config_labels import I2cAdapter, Label, PwmChannel, SpiSelect

GROUPS = {"i2c": "i2c", "spidev": "spi", "gpiochip": "gpio", "tty": "dialout", "serial": "dialout"}
"""By the beginning of the node's name: the group that Debian and Raspberry Pi OS give it."""

USB_SERIAL = ("char-ttyACM", "char-ttyUSB")
"""Kinds of serial ports that come and go, as systemd's ``DeviceAllow=`` names them."""

ALL_KINDS = ("char-i2c", "char-spi", "char-gpiochip", *USB_SERIAL, "char-ttyAMA", "char-ttyS", "char-ttyGS")


@dataclass(frozen=True)
class Node:
    """A device node, and what the configuration calls it."""

    path: Path
    used_by: str

    @property
    def group(self) -> str | None:
        """The group that may open it, as far as its name tells."""
        name = self.path.relative_to("/dev").as_posix() if self.path.is_relative_to("/dev") else self.path.name
        return next((group for start, group in GROUPS.items() if name.startswith(start)), None)


def nodes(config: Config) -> Iterator[Node]:
    """The device nodes that the labels and the boards with a fixed port name."""
    for label in config.labels.values():
        path = _node_of(label)
        if path is not None:
            yield Node(path, f"label {label.name}")
    for board in config.boards:
        if board.port and "://" not in board.port:
            yield Node(Path(board.port), f"board {board.name}")


def uses_pwm(config: Config) -> bool:
    """Whether a label needs to write below ``/sys/class/pwm``."""
    return any(isinstance(label.linux, PwmChannel) for label in config.labels.values())


def allowed(config: Config) -> list[str]:
    """What systemd's ``DeviceAllow=`` has to name: nodes that stay, and kinds of ports that come and go."""
    names: set[str] = set()
    for node in nodes(config):
        name = node.path.name
        if name.startswith(("ttyACM", "ttyUSB")):
            names.add(f"char-{name[:6]}")
        elif node.path.is_relative_to("/dev/serial"):
            names.update(USB_SERIAL)
        else:
            names.add(str(node.path))
    if any(not board.port for board in config.boards):
        names.update(USB_SERIAL)
    return sorted(names)


def groups(config: Config) -> list[str]:
    """The groups of those nodes."""
    found = {node.group for node in nodes(config)} | {
        "dialout" for board in config.boards if not board.port or "://" not in board.port
    }
    return sorted(group for group in found if group)


def writable(config: Config) -> list[Path]:
    """Folders besides the state that labels let guests write to."""
    found = set()
    for where in filter(None, map(_resource, config.labels.values())):
        path, file = getattr(where, "path", None), getattr(where, "file", None)
        if isinstance(path, Path) and not getattr(where, "read_only", False):
            found.add(path)
        elif isinstance(file, Path):
            found.add(file.parent)
    return sorted(found)


def _node_of(label: Label) -> Path | None:
    where = _resource(label)
    if isinstance(where, I2cAdapter):
        return Path(f"/dev/i2c-{where.bus}")
    if isinstance(where, SpiSelect):
        return Path(f"/dev/spidev{where.bus}.{where.chip_select}")
    if where is None:
        return None
    values = (str(getattr(where, field.name)) for field in fields(where))
    return next((Path(value) for value in values if value.startswith("/dev/")), None)


def _resource(label: Label) -> Any:
    """What the label is on this machine: the dataclass inside it."""
    inner = (getattr(label, field.name) for field in fields(label))
    return next((value for value in inner if is_dataclass(value)), None)
