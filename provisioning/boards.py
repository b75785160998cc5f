"""Boards: one TOML file each in `boards/`, the single description that firmware, command line and rig share.

The firmware's build reads the same file to lay out flash, so what is refused here would not have worked there.
"""

import itertools
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from provisioning import checkout
from provisioning.errors import BoardFileError, InputError
from provisioning.toml_errors import describe, nearest, syntax_error
from wire.names import is_name

Bytes = Annotated[int, Field(gt=0)]
Address = Annotated[int, Field(ge=0, lt=2**32)]
Padding = Annotated[int, Field(ge=0)]


class Part(BaseModel):
    """A table of a board file: every key is known, and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Chip(Part):
    """The microcontroller."""

    name: str
    core: str
    frequency_hz: Annotated[int, Field(gt=0)]
    unaligned: bool = False
    """Whether words may be read and written at any address. Arm's compiler knows that by itself."""


class Memory(Part):
    """RAM of the chip: where it starts, how much is used, and how much of that is heap, in bytes."""

    base: Address
    ram: Bytes
    heap: Bytes


class Region(BaseModel):
    """A part of the data flash, in bytes from its start; written as `[offset, size]`."""

    model_config = ConfigDict(frozen=True)

    offset: Annotated[int, Field(ge=0)]
    size: Bytes

    @model_validator(mode="before")
    @classmethod
    def from_pair(cls, value: Any) -> Any:
        """Take the pair of the file apart."""
        if isinstance(value, list) and len(value) == 2 and all(type(part) is int for part in value):
            return {"offset": value[0], "size": value[1]}
        raise ValueError("expected [offset, size] in bytes")

    @property
    def end(self) -> int:
        """First byte after the region."""
        return self.offset + self.size


class Flash(Part):
    """The data flash: where it is mapped, its size, the sizes it erases and writes in, and its regions.

    `image`: bytes the emulator wants its file padded to; 0 means `size`.
    """

    base: Address
    size: Bytes
    erase: Bytes
    write: Bytes
    image: Padding = 0
    regions: dict[str, Region]

    @model_validator(mode="after")
    def regions_fit(self) -> "Flash":
        """Regions start and end at erase blocks, lie inside the flash and apart from each other."""
        for name in ("settings", "journal", "workloads"):
            if name not in self.regions:
                raise ValueError(f"regions.{name} is missing")
        ordered = sorted(self.regions.items(), key=lambda item: item[1].offset)
        for name, region in ordered:
            if region.offset % self.erase or region.size % self.erase:
                raise ValueError(f"regions.{name} does not start and end at a multiple of erase = {self.erase}")
            if region.end > self.size:
                raise ValueError(f"regions.{name} ends at {region.end}, after the end of the flash at {self.size}")
        for (name, region), (following, after) in itertools.pairwise(ordered):
            if after.offset < region.end:
                raise ValueError(f"regions.{following} overlaps regions.{name}, which ends at {region.end}")
        return self


class Workloads(Part):
    """How many workloads the board holds, and the bytes of each of a workload's two slots."""

    count: Annotated[int, Field(gt=0)]
    slot: Bytes


class Firmware(Part):
    """Image of the board host: where it lies, its largest size, the size its emulator wants (0: any)."""

    base: Address
    max_flash: Bytes
    image: Padding = 0


class Sensor(Part):
    """An emulated sensor that can be set through QMP: `qom-set path property`, to the value in `unit` times `scale`."""

    path: str
    property: str
    unit: str
    scale: int


class Emulator(Part):
    """How to start the emulated board.

    `command` holds the placeholders {firmware}, {flash}, {serial_port} and {qmp}; `sensors` are named by label.
    """

    command: Annotated[list[str], Field(min_length=1)]
    sensors: dict[str, Sensor] = {}

    @model_validator(mode="after")
    def placeholders(self) -> "Emulator":
        """The command must use every file and port, and nothing else."""
        text = " ".join(self.command)
        for name in ("firmware", "flash", "serial_port", "qmp"):
            if f"{{{name}}}" not in text:
                raise ValueError(f"command has no placeholder {{{name}}}")
        return self

    def command_line(self, *, firmware: Path, flash: Path, serial_port: int, qmp: Path) -> list[str]:
        """The command with its placeholders filled."""
        values = {"firmware": str(firmware), "flash": str(flash), "serial_port": str(serial_port), "qmp": str(qmp)}
        placeholder = re.compile("{(" + "|".join(values) + ")}")
        return [placeholder.sub(lambda found: values[found[1]], argument) for argument in self.command]


class Board(Part):
    """One board, as its file in `boards/` says."""

    name: str
    title: str
    crate: str
    target: str
    chip: Chip
    memory: Memory
    flash: Flash
    workloads: Workloads
    labels: dict[str, str] = {}
    firmware: Firmware
    emulator: Emulator | None = None

    @model_validator(mode="after")
    def slots_fit(self) -> "Board":
        """Two slots a workload, aligned to erase blocks, fit into their region; labels are names; the heap is RAM."""
        region = self.flash.regions["workloads"]
        if self.workloads.slot % self.flash.erase:
            raise ValueError(f"workloads.slot is not a multiple of flash.erase = {self.flash.erase}")
        needed = 2 * self.workloads.count * self.workloads.slot
        if needed > region.size:
            raise ValueError(
                f"workloads.count = {self.workloads.count} needs {needed} bytes (two slots each), "
                f"flash.regions.workloads has {region.size}"
            )
        if self.memory.heap > self.memory.ram:
            raise ValueError(f"memory.heap is larger than memory.ram = {self.memory.ram}")
        for label, interface in self.labels.items():
            if not is_name(label) or ":" not in interface:
                raise ValueError(
                    f'labels.{label}: expected a name and an interface, for example i2c-env = "wasi:i2c/i2c"'
                )
        return self

    @property
    def kind(self) -> str:
        """`emulated` or `attached`."""
        return "emulated" if self.emulator else "attached"


def load_file(path: Path) -> Board:
    """Read one board file. Raises BoardFileError with file, line, key and a suggestion."""
    try:
        text = path.read_text()
        raw = tomllib.loads(text)
    except OSError as error:
        raise BoardFileError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BoardFileError(*syntax_error(error), where=str(path)) from error
    try:
        board = Board.model_validate(raw)
    except ValidationError as error:
        raise BoardFileError("\n  ".join(describe(error, text, Board)), where=str(path)) from error
    if board.name != path.stem:
        raise BoardFileError(f'name = "{board.name}" differs from the file\'s name', where=str(path))
    return board


def folder() -> Path:
    """The folder of the board files."""
    return checkout.root() / "boards"


def names() -> list[str]:
    """Names of all boards."""
    return sorted(path.stem for path in folder().glob("*.toml"))


def load(name: str) -> Board:
    """The board called `name`. Raises InputError with the nearest name when there is none."""
    path = folder() / f"{name}.toml"
    if not is_name(name) or not path.is_file():
        known = names()
        raise InputError(
            f"there is no board {name!r}{nearest(name, known)}",
            where=str(folder()),
            next_step=f"known boards: {', '.join(known) or 'none'}",
        )
    return load_file(path)
