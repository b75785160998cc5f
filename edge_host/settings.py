"""Settings as data: each key of the configuration file with its type, bounds, default and meaning, once.

The reader (`edge_host.toml_table.Table.get`) and the reference page (``python -m tools.agent_page``) both live on it,
so a key cannot be read without being documented. To add one::

    LIMIT = Integer("limit-bytes", "bound of the outbox in bytes", default=64 * MEBIBYTE, least=65536, most=1 << 40)
    OUTBOX = Section("outbox", "What is kept for the fleet.", (LIMIT,))

    table = root.section(OUTBOX)
    limit = table.get(LIMIT)        # int
    table.close()                   # unknown keys are errors

and name the section in `edge_host.config_sections`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from wire.errors import WireError
from wire.names import check_name

T = TypeVar("T")

Fail = Callable[[str], Exception]
"""Makes the error that names file and key out of what is wrong with the value."""


@dataclass(frozen=True)
class Key(Generic[T]):
    """One key: without `default` it must be there, unless it is `optional`.

    `default` is written as in the file; `shown` is what the page says of a default that is no constant.
    """

    name: str
    doc: str
    default: Any = None
    optional: bool = False
    shown: str = ""

    def parse(self, value: object, folder: Path, fail: Fail) -> T:
        """The value; raises what `fail` makes."""
        raise NotImplementedError

    def range(self) -> str:
        """What values there are, for the page."""
        return ""


@dataclass(frozen=True)
class Text(Key[str]):
    """A text that is not empty."""

    def parse(self, value: object, folder: Path, fail: Fail) -> str:
        """See `Key`."""
        if not isinstance(value, str) or not value:
            raise fail("must be a non-empty text")
        return value


@dataclass(frozen=True)
class Texts(Key[tuple[str, ...]]):
    """A list of texts."""

    def parse(self, value: object, folder: Path, fail: Fail) -> tuple[str, ...]:
        """See `Key`."""
        if not isinstance(value, list | tuple) or not all(isinstance(entry, str) and entry for entry in value):
            raise fail("must be a list of non-empty texts")
        return tuple(value)


@dataclass(frozen=True)
class TextTable(Key[dict[str, str]]):
    """A table of texts."""

    def parse(self, value: object, folder: Path, fail: Fail) -> dict[str, str]:
        """See `Key`."""
        if not isinstance(value, dict) or not all(isinstance(entry, str) for entry in value.values()):
            raise fail("must be a table of texts")
        return dict(value)


@dataclass(frozen=True)
class Name(Key[str]):
    """The name of a device, a label or another `kind` (formats.md section 1)."""

    kind: str = "device"

    def parse(self, value: object, folder: Path, fail: Fail) -> str:
        """See `Key`."""
        if not isinstance(value, str) or not value:
            raise fail("must be a non-empty text")
        try:
            return check_name(self.kind, value)
        except WireError as error:
            raise fail(str(error)) from None


@dataclass(frozen=True)
class Choice(Key[str]):
    """One of `choices`."""

    choices: tuple[str, ...] = ()

    def parse(self, value: object, folder: Path, fail: Fail) -> str:
        """See `Key`."""
        if not isinstance(value, str) or not value:
            raise fail("must be a non-empty text")
        if value not in self.choices:
            raise fail(f"{value!r} is not one of {', '.join(self.choices)}")
        return value

    def range(self) -> str:
        """See `Key`."""
        return ", ".join(f"`{choice}`" for choice in self.choices)


@dataclass(frozen=True)
class Integer(Key[int]):
    """A whole number from `least` to `most`."""

    least: int = 0
    most: int = 2**63 - 1

    def parse(self, value: object, folder: Path, fail: Fail) -> int:
        """See `Key`."""
        if not isinstance(value, int) or isinstance(value, bool) or not self.least <= value <= self.most:
            raise fail(f"must be a whole number from {self.least} to {self.most}")
        return value

    def range(self) -> str:
        """See `Key`."""
        return f"{self.least} to {self.most}"


@dataclass(frozen=True)
class Number(Key[float]):
    """A number from `least` to `most`."""

    least: float = 0.0
    most: float = 1e9

    def parse(self, value: object, folder: Path, fail: Fail) -> float:
        """See `Key`."""
        if not isinstance(value, int | float) or isinstance(value, bool) or not self.least <= value <= self.most:
            raise fail(f"must be a number from {self.least:g} to {self.most:g}")
        return float(value)

    def range(self) -> str:
        """See `Key`."""
        return f"{self.least:g} to {self.most:g}"


@dataclass(frozen=True)
class Flag(Key[bool]):
    """True or false; false when it is missing."""

    default: Any = False

    def parse(self, value: object, folder: Path, fail: Fail) -> bool:
        """See `Key`."""
        if not isinstance(value, bool):
            raise fail("must be true or false")
        return value


@dataclass(frozen=True)
class File(Key[Path]):
    """A path, relative to the configuration file."""

    def parse(self, value: object, folder: Path, fail: Fail) -> Path:
        """See `Key`."""
        if not isinstance(value, str) or not value:
            raise fail("must be a non-empty text")
        return folder / value


@dataclass(frozen=True)
class Tables(Key[list[Any]]):
    """An array of tables, each with the keys of `section`; read with `Table.sections`."""

    section: Section | None = None


@dataclass(frozen=True)
class Section:
    """A table of the file.

    `path` is its heading, for example ``agent`` or ``labels.NAME``; `about` is what the page says of it first; `when`
    says which of several sections with one heading this is; `array` is true for ``[[boards]]``.
    """

    path: str
    about: str
    keys: tuple[Key[Any], ...]
    when: str = ""
    array: bool = False

    @property
    def heading(self) -> str:
        """The heading as the file has it."""
        return f"[[{self.path}]]" if self.array else f"[{self.path}]"
