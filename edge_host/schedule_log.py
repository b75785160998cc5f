"""What of schedules must last over a restart: which slots were claimed, and the last runs of each.

One row for each schedule of a component, written as a whole. A claim is on the disk when it returns; the end of a run
and what was left out are written with the next claim, at the latest when the agent stops: they are told to people and
decide nothing.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from edge_host.schedule import Span
from wire import cbor
from wire.errors import WireError

log = logging.getLogger(__name__)

MOST_RUNS = 20
"""Runs that are kept of each schedule."""

_SCHEMA = """CREATE TABLE IF NOT EXISTS schedule (
    workload TEXT, component TEXT, schedule TEXT, position INTEGER NOT NULL, spans BLOB NOT NULL, runs BLOB NOT NULL,
    PRIMARY KEY (workload, component, schedule)) WITHOUT ROWID"""

RUNNING = "running"
GOOD = "good"
MISSED = "missed"
SKIPPED = "skipped"
REPLACED = "replaced"
UNKEPT = "error: the disk does not take the claim of the slot"


@dataclass(frozen=True)
class Key:
    """One schedule of one component; releases of a workload that have the same one share it."""

    workload: str
    component: str
    schedule: str


@dataclass(frozen=True)
class Run:
    """One run, or why there was none.

    Times are Unix milliseconds, 0 where there is none. `outcome` is `running`, `good`, `missed` (too late), `skipped`
    (the run before was not over), `replaced` (stopped for the next one), or begins with `error: ` or `stopped: `.
    """

    slot: int
    started: int
    ended: int
    outcome: str


@dataclass(frozen=True)
class Ledger:
    """What is kept of one schedule: the wall time of the last look, claimed slots, and the last runs, newest last."""

    position: int
    spans: tuple[Span, ...] = ()
    runs: tuple[Run, ...] = ()

    def told(self, run: Run) -> Ledger:
        """With `run` in the place of the same run as it was before, or at the end."""
        kept = [other for other in self.runs if (other.slot, other.started) != (run.slot, run.started)]
        return replace(self, runs=(*kept, run)[-MOST_RUNS:])

    def at(self, position: int) -> Ledger:
        """With another time of the last look."""
        return replace(self, position=position)


class ScheduleLog:
    """The table `schedule` of the state database; belongs to the event loop's thread."""

    def __init__(self, database: sqlite3.Connection | None = None) -> None:
        """Without a database nothing lasts."""
        self._database = database or sqlite3.connect(":memory:", isolation_level=None)
        self._database.execute(_SCHEMA)
        self._ledgers: dict[Key, Ledger] = {}
        self._changed: set[Key] = set()

    def ledger(self, key: Key) -> Ledger | None:
        """What is kept of a schedule; None when it is new."""
        if key not in self._ledgers:
            row = self._database.execute(
                "SELECT position, spans, runs FROM schedule WHERE workload = ? AND component = ? AND schedule = ?",
                astuple(key),
            ).fetchone()
            if row is None:
                return None
            self._ledgers[key] = _read(*row)
        return self._ledgers[key]

    def write(self, key: Key, ledger: Ledger) -> bool:
        """Keep it; on the disk when this returns. False, and nothing is changed, when the disk does not take it."""
        spans = cbor.encode([list(span) for span in ledger.spans])
        runs = cbor.encode([list(astuple(run)) for run in ledger.runs])
        row = (*astuple(key), ledger.position, spans, runs)
        try:
            self._database.execute("INSERT OR REPLACE INTO schedule VALUES (?, ?, ?, ?, ?, ?)", row)
        except sqlite3.Error as error:
            log.error("the schedule %s of %s cannot be kept: %s", key.schedule, key.workload, error)
            return False
        self._ledgers[key] = ledger
        self._changed.discard(key)
        return True

    def tell(self, key: Key, run: Run) -> None:
        """Keep what became of a run; written with the next claim or `flush`."""
        self._ledgers[key] = (self.ledger(key) or Ledger(run.slot)).told(run)
        self._changed.add(key)

    def flush(self) -> None:
        """Write what has not been written yet."""
        for key in sorted(self._changed, key=astuple):
            self.write(key, self._ledgers[key])

    def remove(self, workload: str) -> None:
        """Forget the schedules of a workload."""
        self._database.execute("DELETE FROM schedule WHERE workload = ?", (workload,))
        for key in [key for key in self._ledgers if key.workload == workload]:
            del self._ledgers[key]
            self._changed.discard(key)

    def runs(self, workload: str) -> list[dict[str, Any]]:
        """The last runs of a workload, oldest first: `component`, `schedule`, and the fields of `Run`."""
        return self.all_runs().get(workload, [])

    def last_runs(self, most: int = 8) -> dict[str, dict[str, Any]]:
        """The last run of each calendar by workload, component and schedule, the newest ones alone: for reports."""
        ended = [
            (run, key)
            for key, ledger in self._ledgers.items()
            if ledger.spans and (run := next(iter(ledger.runs[::-1]), None)) is not None
        ]
        newest = sorted(ended, key=lambda found: found[0].slot, reverse=True)[:most]
        return {
            f"{key.workload}/{key.component} {key.schedule}": {"slot": run.slot, "outcome": run.outcome}
            for run, key in newest
        }

    def all_runs(self) -> dict[str, list[dict[str, Any]]]:
        """The last runs of each workload, as `runs` gives them."""
        rows = self._database.execute("SELECT workload, component, schedule, position, spans, runs FROM schedule")
        ledgers = {Key(*row[:3]): _read(*row[3:]) for row in rows} | self._ledgers
        found: dict[str, list[dict[str, Any]]] = {}
        for key, ledger in ledgers.items():
            named = {"component": key.component, "schedule": key.schedule}
            found.setdefault(key.workload, []).extend({**named, **vars(run)} for run in ledger.runs)
        return {name: sorted(runs, key=lambda run: (run["slot"], run["started"])) for name, runs in found.items()}

    def shown(self) -> list[dict[str, Any]]:
        """The last runs of all workloads for people: times of day in UTC, and how long each took."""
        return [
            {
                **{"workload": workload, "component": run["component"], "schedule": run["schedule"]},
                **{"slot": _utc(run["slot"]), "began": _utc(run["started"])},
                **{"took_ms": run["ended"] - run["started"] if run["ended"] else None, "outcome": run["outcome"]},
            }
            for workload, runs in sorted(self.all_runs().items())
            for run in runs
        ]


def _utc(unix_ms: int) -> str | None:
    return datetime.fromtimestamp(unix_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if unix_ms else None


def _read(position: int, spans: bytes, runs: bytes) -> Ledger:
    return Ledger(
        position,
        tuple((first, last) for first, last in _rows(spans, 2)),
        tuple(Run(*row) for row in _rows(runs, 4)),
    )


def _rows(data: bytes, width: int) -> Sequence[Sequence[Any]]:
    try:
        rows = cbor.decode(data, "schedule")
    except WireError:
        return []
    return [row for row in rows if isinstance(row, list) and len(row) == width] if isinstance(rows, list) else []
