"""The durable outbox: records of every device of the site, kept until the fleet acknowledges them (formats, section 7).

Records of one device and stream are numbered 1, 2, 3, ... without gap within the device's **epoch**, the Unix time in
ms when the device first had a record. `append` returns after the record is on disk (WAL with full synchronisation),
so neither ``kill -9`` nor a power cut loses what a guest or a board was told is kept. Acknowledged records are
removed.

The outbox is bounded in bytes. At the bound new records are refused, never silently: the number refused is kept and
told in a ``dropped`` event as soon as there is room. Events may use a reserve over the bound, so that telemetry
cannot shut out a crash report.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_host.errors import OutboxFullError
from wire.messages import Event, EventKind, QueueDepth, unix_ms

TELEMETRY, EVENT = "telemetry", "event"
STREAMS = (TELEMETRY, EVENT)
EVENT_RESERVE = 1024 * 1024
RECORD_OVERHEAD = 32
"""Bytes counted for each record in addition to its own."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS device (name TEXT PRIMARY KEY, epoch INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stream (
    device TEXT, stream TEXT, last INTEGER NOT NULL, refused INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (device, stream)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS record (
    device TEXT, stream TEXT, seq INTEGER, time INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (device, stream, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS source (
    device TEXT, boot INTEGER, seq INTEGER NOT NULL, PRIMARY KEY (device, boot)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Position:
    """A place in a stream of one device."""

    epoch: int
    seq: int


@dataclass(frozen=True)
class Batch:
    """Records ``first``, ``first + 1``, ... of one stream."""

    epoch: int
    first: int
    records: tuple[bytes, ...]

    @property
    def last(self) -> int:
        """The number of the last record."""
        return self.first + len(self.records) - 1


class Outbox:
    """The outbox in one SQLite file; its methods may be called from any thread."""

    def __init__(self, file: Path, limit: int) -> None:
        """Open or make the outbox in `file`, holding about `limit` bytes at most."""
        self._limit = limit
        self._lock = threading.Lock()
        self._database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.executescript(_SCHEMA)
        self._bytes: int = self._one("SELECT COALESCE(SUM(LENGTH(data) + ?), 0) FROM record", RECORD_OVERHEAD)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def append(self, device: str, stream: str, record: bytes) -> Position:
        """Keep a record; raises `OutboxFullError` at the bound."""
        with self._transaction():
            self._make_room(device, stream, len(record))
            self._tell_refused(device)
            return self._insert(device, stream, record)

    def append_from_board(self, device: str, boot: int, seq: int, stream: str, record: bytes) -> Position | None:
        """Keep record `seq` of a board's start `boot`; None when it was kept before. Raises `OutboxFullError`."""
        with self._transaction():
            if seq <= self._source(device, boot):
                return None
            self._make_room(device, stream, len(record))
            self._tell_refused(device)
            self._set_source(device, boot, seq)
            return self._insert(device, stream, record)

    def source(self, device: str, boot: int) -> int:
        """The last event of a board's start `boot` that is kept, 0 for none."""
        with self._lock:
            return self._source(device, boot)

    def set_source(self, device: str, boot: int, seq: int) -> None:
        """Go on after event `seq`: the board no longer has those before it, or counts anew."""
        with self._transaction():
            self._set_source(device, boot, seq)

    def acknowledge(self, device: str, stream: str, position: Position) -> bool:
        """Remove everything up to `position`; False when it is of another epoch or was never appended."""
        with self._transaction():
            last = self._one("SELECT last FROM stream WHERE device = ? AND stream = ?", device, stream)
            if self._epoch(device) != position.epoch or position.seq > last:
                return False
            where = (device, stream, position.seq)
            self._bytes -= self._one(
                "SELECT COALESCE(SUM(LENGTH(data) + ?), 0) FROM record WHERE device = ? AND stream = ? AND seq <= ?",
                *(RECORD_OVERHEAD, *where),
            )
            self._database.execute("DELETE FROM record WHERE device = ? AND stream = ? AND seq <= ?", where)
            return True

    def batch(self, device: str, stream: str, after: int, most_bytes: int, most_records: int) -> Batch | None:
        """The records after number `after`, or None when there are none; one record may be larger than `most_bytes`."""
        with self._lock:
            epoch = self._epoch(device)
            records: list[bytes] = []
            first = size = 0
            rows = self._database.execute(
                "SELECT seq, data FROM record WHERE device = ? AND stream = ? AND seq > ? ORDER BY seq LIMIT ?",
                (device, stream, after, most_records),
            )
            with closing(rows):
                for seq, data in rows:
                    size += len(data)
                    if records and size > most_bytes:
                        break
                    first = first or seq
                    records.append(data)
        return Batch(epoch, first, tuple(records)) if records else None

    def depth(self, device: str) -> QueueDepth:
        """How many records of the device wait, and since when."""
        with self._lock:
            rows = self._database.execute(
                "SELECT stream, COUNT(*), MIN(time) FROM record WHERE device = ? GROUP BY stream", (device,)
            ).fetchall()
        counts = {stream: count for stream, count, _ in rows}
        return QueueDepth(
            counts.get(TELEMETRY, 0), counts.get(EVENT, 0), min((time for *_, time in rows), default=None)
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            held = self._bytes
            try:
                with self._database:
                    self._database.execute("BEGIN IMMEDIATE")
                    yield
            except sqlite3.Error as error:
                self._bytes = held
                raise OutboxFullError(f"the outbox cannot be written: {error}; free space on its disk") from error

    def _one(self, query: str, *arguments: object) -> int:
        row = self._database.execute(query, arguments).fetchone()
        return int(row[0]) if row else 0

    def _epoch(self, device: str) -> int:
        return self._one("SELECT epoch FROM device WHERE name = ?", device)

    def _source(self, device: str, boot: int) -> int:
        return self._one("SELECT seq FROM source WHERE device = ? AND boot = ?", device, boot)

    def _set_source(self, device: str, boot: int, seq: int) -> None:
        self._database.execute("INSERT OR REPLACE INTO source VALUES (?, ?, ?)", (device, boot, seq))
        self._database.execute("DELETE FROM source WHERE device = ? AND boot NOT IN (?, ?)", (device, boot, boot - 1))

    def _make_room(self, device: str, stream: str, size: int) -> None:
        limit = self._limit + (EVENT_RESERVE if stream == EVENT else 0)
        if self._bytes + size + RECORD_OVERHEAD <= limit:
            return
        self._database.execute("INSERT OR IGNORE INTO stream (device, stream, last) VALUES (?, ?, 0)", (device, stream))
        self._database.execute(
            "UPDATE stream SET refused = refused + 1 WHERE device = ? AND stream = ?", (device, stream)
        )
        self._database.execute("COMMIT")
        raise OutboxFullError(
            f"the outbox holds {self._bytes} of {limit} bytes; the fleet must acknowledge records first"
        )

    def _tell_refused(self, device: str) -> None:
        for stream, count in self._database.execute(
            "SELECT stream, refused FROM stream WHERE device = ? AND refused > 0", (device,)
        ).fetchall():
            event = Event(
                unix_ms(),
                EventKind.DROPPED,
                message=f"{count} records of stream {stream} were refused because the outbox was full",
            )
            self._database.execute("UPDATE stream SET refused = 0 WHERE device = ? AND stream = ?", (device, stream))
            self._insert(device, EVENT, event.encode())

    def _insert(self, device: str, stream: str, record: bytes) -> Position:
        now = unix_ms()
        self._database.execute("INSERT OR IGNORE INTO device VALUES (?, ?)", (device, now))
        self._database.execute(
            "INSERT INTO stream (device, stream, last) VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET last = last + 1",
            (device, stream),
        )
        seq = self._one("SELECT last FROM stream WHERE device = ? AND stream = ?", device, stream)
        self._database.execute("INSERT INTO record VALUES (?, ?, ?, ?, ?)", (device, stream, seq, now, record))
        self._bytes += len(record) + RECORD_OVERHEAD
        return Position(self._epoch(device), seq)
