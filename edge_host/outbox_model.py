"""What the outbox is told and tells: positions and batches of records, bounds and what happens at them, statistics."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

TELEMETRY, EVENT = "telemetry", "event"
STREAMS = (EVENT, TELEMETRY)
"""The classes of records, the most urgent first."""

RECORD_OVERHEAD = 16
"""Bytes counted for each record in addition to its own."""

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Position:
    """A place in a stream of one device."""

    epoch: int
    seq: int


@dataclass(frozen=True)
class Batch:
    """Records ``first``, ``first + 1``, ... of one stream; an empty one stands for a record that was discarded."""

    epoch: int
    first: int
    records: tuple[bytes, ...]

    @property
    def last(self) -> int:
        """The number of the last record."""
        return self.first + len(self.records) - 1


class Discard(StrEnum):
    """What happens to a class at its bound."""

    NEWEST = "newest"
    """New records are refused: who wants to keep one is told so."""

    OLDEST = "oldest"
    """The oldest records go."""

    THIN_OUT = "thin-out"
    """Measurements become averages: of two, then of four, and so on; the latest ones last."""


@dataclass(frozen=True)
class ClassPolicy:
    """Bound in bytes of one class of records over all devices, and what happens there."""

    bytes: int
    discard: Discard


@dataclass(frozen=True)
class OutboxPolicy:
    """`sync_seconds` is how long telemetry and log lines may wait until they are safe from a power cut.

    Meanwhile they lie in `memory`, a folder on a tmpfs, where there is one.
    """

    telemetry: ClassPolicy = ClassPolicy(64 * MEBIBYTE, Discard.NEWEST)
    event: ClassPolicy = ClassPolicy(4 * MEBIBYTE, Discard.OLDEST)
    sync_seconds: float = 300.0
    memory: Path | None = None

    def of(self, stream: str) -> ClassPolicy:
        """The policy of a class."""
        return self.telemetry if stream == TELEMETRY else self.event


@dataclass
class ClassStatistics:
    """One class: what waits (`records`, `bytes` of `limit`, `oldest` as Unix ms), and what happened since the start.

    `refused` were not taken, `discarded` were thrown away to make room, `thinned` went into averages.
    """

    limit: int
    records: int = 0
    bytes: int = 0
    oldest: int | None = None
    appended: int = 0
    acknowledged: int = 0
    refused: int = 0
    discarded: int = 0
    thinned: int = 0


@dataclass
class OutboxStatistics:
    """Of the whole outbox; `disk_bytes` lie on the disk now, `written_bytes` and `syncs` count since the start."""

    classes: dict[str, ClassStatistics] = field(default_factory=dict)
    disk_bytes: int = 0
    written_bytes: int = 0
    syncs: int = 0
