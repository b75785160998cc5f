"""What guests keep over restarts: keys and values in one SQLite file, a namespace for each workload.

Components of a workload that are granted the same bucket share it. Each component pays, in bytes of key and value,
for the entries that it wrote last; over its limit nothing changes.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

Result = TypeVar("Result")
LARGEST = (1 << 64) - 1
PAGE = 16
"""Keys of one page of a listing."""


class KeyValueFullError(Exception):
    """The component keeps as many bytes as it may."""


class NotANumberError(Exception):
    """The value to add to is no number, or the sum would be larger than 64 bits."""


class KeyValues(Protocol):
    """The buckets of one component; may be used from any thread."""

    def get(self, bucket: str, key: str) -> bytes | None:
        """The value under `key`."""

    def set(self, bucket: str, key: str, value: bytes) -> None:
        """Keep a value; raises `KeyValueFullError`."""

    def delete(self, bucket: str, key: str) -> None:
        """Forget a key."""

    def keys(self, bucket: str, start: int) -> tuple[list[str], int | None]:
        """Keys from the place `start`, and where the next ones begin."""

    def increment(self, bucket: str, key: str, delta: int) -> int:
        """Add to a number in decimal text; raises `KeyValueFullError` or `NotANumberError`."""

    def get_many(self, bucket: str, keys: list[str]) -> list[bytes | None]:
        """The values under `keys`, all of one moment."""

    def set_many(self, bucket: str, entries: list[tuple[str, bytes]]) -> None:
        """Keep all of them, or none; raises `KeyValueFullError`."""

    def delete_many(self, bucket: str, keys: list[str]) -> None:
        """Forget them, all at once."""


class KeyValueFile:
    """A file of this host; may be used from any thread. A change is on the disk when its method returns.

    Without a file everything is in memory. `named` are the files of buckets that have one of their own.
    """

    def __init__(self, file: Path | None, named: Mapping[str, KeyValueFile] | None = None) -> None:
        self._named = dict(named or {})
        self._lock = threading.Lock()
        self._file = file
        self._database: sqlite3.Connection | None = None

    def _open(self) -> sqlite3.Connection:
        """Open the file at its first use: most hosts have no guest that keeps anything."""
        if self._database is not None:
            return self._database
        database = sqlite3.connect(self._file or ":memory:", check_same_thread=False, isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute(
            "CREATE TABLE IF NOT EXISTS entries (workload TEXT, bucket TEXT, key TEXT, component TEXT, value BLOB, "
            "PRIMARY KEY (workload, bucket, key)) WITHOUT ROWID"
        )
        self._database = database
        return database

    def component(self, workload: str, component: str, most: int) -> KeyValues:
        """The buckets that a component of a workload reaches, with room for `most` bytes of its own."""
        return _Component(self, workload, component, most)

    def remove(self, workload: str) -> None:
        """Forget everything of a workload."""
        for file in self._named.values():
            file.remove(workload)
        if self._database is None and (self._file is None or not self._file.exists()):
            return
        self.run(lambda database: database.execute("DELETE FROM entries WHERE workload = ?", (workload,)))

    def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run `work` in a transaction of its own."""
        with self._lock:
            database = self._open()
            database.execute("BEGIN IMMEDIATE")
            try:
                result = work(database)
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")
            return result

    def of_bucket(self, bucket: str) -> KeyValueFile:
        """The file that a bucket is in."""
        return self._named.get(bucket, self)

    def close(self) -> None:
        """Close the file, and those of buckets that have one of their own."""
        for file in self._named.values():
            file.close()
        if self._database is not None:
            self._database.close()


@dataclass(frozen=True)
class _Component:
    file: KeyValueFile
    workload: str
    name: str
    most: int

    def get(self, bucket: str, key: str) -> bytes | None:
        return self.file.of_bucket(bucket).run(lambda database: self._value(database, bucket, key))

    def set(self, bucket: str, key: str, value: bytes) -> None:
        self.file.of_bucket(bucket).run(lambda database: self._put(database, bucket, key, value))

    def delete(self, bucket: str, key: str) -> None:
        sql = "DELETE FROM entries WHERE workload = ? AND bucket = ? AND key = ?"
        self.file.of_bucket(bucket).run(lambda database: database.execute(sql, (self.workload, bucket, key)))

    def keys(self, bucket: str, start: int) -> tuple[list[str], int | None]:
        sql = "SELECT key FROM entries WHERE workload = ? AND bucket = ? ORDER BY key LIMIT ? OFFSET ?"
        asked = (self.workload, bucket, PAGE + 1, start)
        rows = self.file.of_bucket(bucket).run(lambda database: database.execute(sql, asked).fetchall())
        return [key for (key,) in rows[:PAGE]], start + PAGE if len(rows) > PAGE else None

    def increment(self, bucket: str, key: str, delta: int) -> int:
        def add(database: sqlite3.Connection) -> int:
            text = self._value(database, bucket, key) or b"0"
            if not text.isdigit() or len(text) > 20 or (total := int(text) + delta) > LARGEST:
                raise NotANumberError
            self._put(database, bucket, key, str(total).encode())
            return total

        return self.file.of_bucket(bucket).run(add)

    def get_many(self, bucket: str, keys: list[str]) -> list[bytes | None]:
        return self.file.of_bucket(bucket).run(lambda database: [self._value(database, bucket, key) for key in keys])

    def set_many(self, bucket: str, entries: list[tuple[str, bytes]]) -> None:
        def put(database: sqlite3.Connection) -> None:
            for key, value in entries:
                self._put(database, bucket, key, value)

        self.file.of_bucket(bucket).run(put)

    def delete_many(self, bucket: str, keys: list[str]) -> None:
        sql = "DELETE FROM entries WHERE workload = ? AND bucket = ? AND key = ?"
        rows = [(self.workload, bucket, key) for key in keys]
        self.file.of_bucket(bucket).run(lambda database: database.executemany(sql, rows))

    def _value(self, database: sqlite3.Connection, bucket: str, key: str) -> bytes | None:
        sql = "SELECT value FROM entries WHERE workload = ? AND bucket = ? AND key = ?"
        row = database.execute(sql, (self.workload, bucket, key)).fetchone()
        return None if row is None else bytes(row[0])

    def _put(self, database: sqlite3.Connection, bucket: str, key: str, value: bytes) -> None:
        sql = (
            "SELECT COALESCE(SUM(LENGTH(CAST(key AS BLOB)) + LENGTH(value)), 0) FROM entries "
            "WHERE workload = ? AND component = ? AND NOT (bucket = ? AND key = ?)"
        )
        (used,) = database.execute(sql, (self.workload, self.name, bucket, key)).fetchone()
        if used + len(key.encode()) + len(value) > self.most:
            raise KeyValueFullError
        database.execute(
            "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)", (self.workload, bucket, key, self.name, value)
        )
