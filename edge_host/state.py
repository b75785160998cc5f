"""What the agent must know after a power cut: desired states, releases and their states, accepted sequence numbers.

Each method is one SQLite transaction that is on disk when it returns. The **next** state is stored before it is acted
on, so a start after any cut goes on from the stored state.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from enum import StrEnum
from pathlib import Path

from edge_host.schedule_log import ScheduleLog
from wire.messages import State

_SCHEMA = """
CREATE TABLE IF NOT EXISTS desired (device TEXT PRIMARY KEY, message BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS release (
    name TEXT, role TEXT, release BLOB NOT NULL, envelope BLOB NOT NULL, digest BLOB NOT NULL, size INTEGER NOT NULL,
    version TEXT NOT NULL, sequence INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, attempts INTEGER NOT
    NULL, PRIMARY KEY (name, role)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS accepted (
    name TEXT PRIMARY KEY, sequence INTEGER NOT NULL, release BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS board_failure (
    device TEXT, name TEXT, release BLOB NOT NULL, envelope BLOB NOT NULL, version TEXT NOT NULL,
    sequence INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (device, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rotation (enrollment BLOB PRIMARY KEY, message BLOB NOT NULL) WITHOUT ROWID;
"""


class Role(StrEnum):
    """Which of the two releases of a workload."""

    RUNNING = "running"
    CANDIDATE = "candidate"


@dataclass(frozen=True)
class Release:
    """One release of a workload on this host; `attempts` counts its starts on probation."""

    name: str
    release: bytes
    envelope: bytes
    digest: bytes
    size: int
    version: str = ""
    sequence: int = 0
    state: State = State.OFFERED
    reason: str = ""
    attempts: int = 0


@dataclass(frozen=True)
class Accepted:
    """The highest sequence number accepted for a workload, and the manifest digest that had it."""

    sequence: int
    release: bytes


@dataclass(frozen=True)
class BoardFailure:
    """A release that an attached board refused: it is not tried again until another one is desired."""

    name: str
    release: bytes
    envelope: bytes
    version: str
    sequence: int
    reason: str


class StateStore:
    """The state in one SQLite file; used from the event loop's thread alone."""

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(file, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.executescript(_SCHEMA)
        self.schedules = ScheduleLog(self._database)

    def close(self) -> None:
        """Close the file."""
        self.schedules.flush()
        self._database.close()

    def desired(self, device: str) -> bytes | None:
        """The last `desired` message of a device."""
        row = self._database.execute("SELECT message FROM desired WHERE device = ?", (device,)).fetchone()
        return bytes(row[0]) if row else None

    def set_desired(self, device: str, message: bytes) -> None:
        """Keep the last `desired` message of a device."""
        with self._transaction() as database:
            database.execute("INSERT OR REPLACE INTO desired VALUES (?, ?)", (device, message))

    def releases(self, role: Role) -> list[Release]:
        """All releases with this role."""
        rows = self._database.execute(
            "SELECT name, release, envelope, digest, size, version, sequence, state, reason, attempts FROM release"
            " WHERE role = ? ORDER BY name",
            (role,),
        ).fetchall()
        return [
            Release(name, release, envelope, digest, size, version, sequence, State(state), reason, attempts)
            for name, release, envelope, digest, size, version, sequence, state, reason, attempts in rows
        ]

    def put(self, role: Role, release: Release) -> None:
        """Keep the state of a release."""
        with self._transaction() as database:
            self._put(database, role, release)

    def drop(self, name: str, role: Role) -> None:
        """Forget the release with this role."""
        with self._transaction() as database:
            database.execute("DELETE FROM release WHERE name = ? AND role = ?", (name, role))

    def promote(self, release: Release) -> None:
        """The candidate becomes the release that runs."""
        with self._transaction() as database:
            database.execute("DELETE FROM release WHERE name = ?", (release.name,))
            self._put(database, Role.RUNNING, release)

    def remove(self, name: str) -> None:
        """Forget a workload, but not which sequence number was accepted for it."""
        with self._transaction() as database:
            database.execute("DELETE FROM release WHERE name = ?", (name,))
        self.schedules.remove(name)

    def accepted(self, name: str) -> Accepted | None:
        """The highest sequence number accepted for a workload."""
        row = self._database.execute("SELECT sequence, release FROM accepted WHERE name = ?", (name,)).fetchone()
        return Accepted(row[0], bytes(row[1])) if row else None

    def accept(self, release: Release) -> None:
        """Keep the state of a candidate and its sequence number as the highest accepted one."""
        with self._transaction() as database:
            database.execute(
                "INSERT OR REPLACE INTO accepted VALUES (?, ?, ?)", (release.name, release.sequence, release.release)
            )
            self._put(database, Role.CANDIDATE, release)

    def rotation(self, enrollment: bytes) -> bytes | None:
        """The last rotation of trust anchors since this enrollment."""
        row = self._database.execute("SELECT message FROM rotation WHERE enrollment = ?", (enrollment,)).fetchone()
        return bytes(row[0]) if row else None

    def set_rotation(self, enrollment: bytes, message: bytes) -> None:
        """Keep a rotation of trust anchors in place of all before."""
        with self._transaction() as database:
            database.execute("DELETE FROM rotation")
            database.execute("INSERT INTO rotation VALUES (?, ?)", (enrollment, message))

    def board_failures(self, device: str) -> dict[str, BoardFailure]:
        """The releases that a board refused, by workload."""
        rows = self._database.execute(
            "SELECT name, release, envelope, version, sequence, reason FROM board_failure WHERE device = ?", (device,)
        ).fetchall()
        return {row[0]: BoardFailure(*row) for row in rows}

    def set_board_failure(self, device: str, failure: BoardFailure) -> None:
        """Keep that a board refused a release."""
        with self._transaction() as database:
            database.execute(
                "INSERT OR REPLACE INTO board_failure VALUES (?, ?, ?, ?, ?, ?, ?)", (device, *astuple(failure))
            )

    def drop_board_failure(self, device: str, name: str) -> None:
        """Forget that a board refused a release of this workload."""
        with self._transaction() as database:
            database.execute("DELETE FROM board_failure WHERE device = ? AND name = ?", (device, name))

    def _put(self, database: sqlite3.Connection, role: Role, release: Release) -> None:
        database.execute(
            "INSERT OR REPLACE INTO release"
            " (name, release, envelope, digest, size, version, sequence, state, reason, attempts, role)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*astuple(release), role),
        )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            yield self._database
