"""Reads TOML tables key by key, so that every mistake is named by file and key and no key is ignored."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from edge_host.errors import ConfigError
from edge_host.settings import Key, Section, Tables

T = TypeVar("T")


class Table:
    """One TOML table: gives its keys one by one (see `edge_host.settings`) and complains about what is left."""

    def __init__(self, file: Path, path: str, value: object, section: Section | None = None) -> None:
        self.file, self.path = file, path
        if not isinstance(value, dict):
            raise ConfigError(file, path, "must be a table")
        self._left: dict[str, object] = dict(value)
        self._keys: tuple[Key[object], ...] = section.keys if section is not None else ()
        self._known: list[str] = [key.name for key in self._keys]

    def error(self, key: str, problem: str) -> ConfigError:
        """The error that names the file and this key."""
        return ConfigError(self.file, f"{self.path}.{key}" if self.path else key, problem)

    def get(self, key: Key[T]) -> T:
        """The value of a key of this table's sections; raises `ConfigError` for a wrong or a missing one."""
        value = self.find(key)
        if value is None:
            raise self.error(key.name, "missing")
        return value

    def find(self, key: Key[T]) -> T | None:
        """The value of an optional key, or None."""
        if key not in self._keys:
            raise LookupError(f"[{self.path}] has no setting {key.name!r}: add it to its section")
        value = self._left.pop(key.name, key.default)
        if value is None:
            return None
        return key.parse(value, self.file.parent, lambda problem: self.error(key.name, problem))

    def also(self, section: Section) -> None:
        """Take the keys of another section for this table as well."""
        self._keys += section.keys
        self._known += [key.name for key in section.keys]

    def section(self, section: Section) -> Table:
        """The table inside with this heading; an empty one when it is missing."""
        name = section.path.rpartition(".")[2]
        return Table(self.file, self._inner(name), self._take(name) or {}, section)

    def sections(self, section: Section | Tables) -> list[Table]:
        """The tables of an array of tables; none when it is missing."""
        name = section.name if isinstance(section, Tables) else section.path
        keys = section.section if isinstance(section, Tables) else section
        value = self._take(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.error(name, "must be an array of tables")
        return [Table(self.file, f"{self._inner(name)}[{n}]", entry, keys) for n, entry in enumerate(value)]

    def named_sections(self, section: Section) -> dict[str, Table]:
        """The tables of a table of tables, by their names: `section` is ``heading.NAME``."""
        name = section.path.partition(".")[0]
        inner = Table(self.file, self._inner(name), self._take(name) or {})
        return {key: Table(self.file, inner._inner(key), value, section) for key, value in inner._left.items()}

    def has(self, name: str) -> bool:
        """Whether the file has this key or table, and nobody has taken it yet."""
        return name in self._left

    def close(self) -> None:
        """Complain about the first key that nobody took."""
        for key in self._left:
            import difflib  # noqa: PLC0415 - only a mistake needs it

            near = difflib.get_close_matches(key, self._known, 1)
            raise self.error(key, "unknown key" + (f", did you mean {near[0]!r}?" if near else ""))

    def _inner(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def _take(self, name: str) -> object | None:
        self._known.append(name)
        return self._left.pop(name, None)
