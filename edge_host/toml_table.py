"""Reads TOML tables key by key, so that every mistake is named by file and key and no key is ignored."""

from __future__ import annotations

import difflib
from pathlib import Path

from edge_host.errors import ConfigError
from wire.errors import WireError
from wire.names import check_name


class Table:
    """One TOML table: takes its keys one by one and complains about what is left."""

    def __init__(self, file: Path, path: str, value: object) -> None:
        self.file, self.path = file, path
        if not isinstance(value, dict):
            raise ConfigError(file, path, "must be a table")
        self._left: dict[str, object] = dict(value)
        self._known: list[str] = []

    def error(self, key: str, problem: str) -> ConfigError:
        """The error that names the file and this key."""
        return ConfigError(self.file, f"{self.path}.{key}" if self.path else key, problem)

    def take(self, key: str) -> object | None:
        """The value as TOML has it, or None."""
        self._known.append(key)
        return self._left.pop(key, None)

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not empty."""
        value = self.take(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value:
            raise self.error(key, "missing" if value is None else "must be a non-empty text")
        return value

    def integer(self, key: str, default: int | None, least: int, most: int) -> int:
        """A whole number; without a default it must be there."""
        value = self.take(key)
        if value is None and default is not None:
            return default
        if value is None:
            raise self.error(key, "missing")
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.error(key, f"must be a whole number from {least} to {most}")
        return value

    def name(self, key: str, kind: str) -> str:
        """The name of a device, a label or another `kind` (formats.md section 1)."""
        try:
            return check_name(kind, self.text(key))
        except WireError as error:
            raise self.error(key, str(error)) from None

    def flag(self, key: str) -> bool:
        """True or false; false when it is missing."""
        value = self.take(key)
        if value is not None and not isinstance(value, bool):
            raise self.error(key, "must be true or false")
        return value is True

    def choice(self, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        """One of `choices`."""
        value = self.text(key, default)
        if value not in choices:
            raise self.error(key, f"{value!r} is not one of {', '.join(choices)}")
        return value

    def path_of(self, key: str, default: str | None = None) -> Path:
        """A path, relative to the file."""
        return self.file.parent / self.text(key, default)

    def optional_path(self, key: str) -> Path | None:
        """A path, or None."""
        if key in self._left:
            return self.path_of(key)
        self._known.append(key)
        return None

    def table(self, key: str) -> Table:
        """The table inside; an empty one when it is missing."""
        return Table(self.file, f"{self.path}.{key}" if self.path else key, self.take(key) or {})

    def tables(self, key: str) -> list[Table]:
        """An array of tables."""
        value = self.take(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.error(key, "must be an array of tables")
        return [Table(self.file, f"{self.path}.{key}[{n}]".lstrip("."), entry) for n, entry in enumerate(value)]

    def named_tables(self, key: str) -> dict[str, Table]:
        """A table of tables."""
        inner = self.table(key)
        return {name: Table(self.file, f"{inner.path}.{name}", value) for name, value in inner._left.items()}

    def close(self) -> None:
        """Complain about the first key that nobody took."""
        for key in self._left:
            near = difflib.get_close_matches(key, self._known, 1)
            raise self.error(key, "unknown key" + (f", did you mean {near[0]!r}?" if near else ""))
