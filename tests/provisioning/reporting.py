"""A device that reports: its messages go through the fleet's own intake, without a broker in between."""

import itertools
import time
from typing import Any

from fleet.database import Database
from fleet.mqtt.counters import Counters
from fleet.mqtt.intake import Intake
from fleet.operations import Operations
from fleet.services.changes import Changes
from wire import senml, topics
from wire.messages import Event, EventBatch, GuestMessage, QueueDepth, Reported, ReportedWorkload, TelemetryBatch
from wire.topics import Topic

EPOCH = 1_700_000_000_000


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Reporting:
    """Says what device `name` would say."""

    def __init__(self, fleet: Operations, site: str, name: str, facts: dict[str, Any]) -> None:
        self.name = name
        self._site = site
        self._facts = facts
        self._database = Database(fleet.settings.database)
        self._intake = Intake(self._database, Changes(), Counters())
        self._events, self._records = itertools.count(1), itertools.count(1)

    def close(self) -> None:
        self._database.close()

    def report(self, revision: int, *workloads: ReportedWorkload, **facts: Any) -> None:
        queue = QueueDepth(telemetry=3, event=1, oldest=None)
        self._say(topics.REPORTED, Reported(now_ms(), revision, workloads, self._facts | facts, queue).encode())

    def event(self, kind: str, **fields: Any) -> None:
        event = Event(time=now_ms(), kind=kind, **fields)
        self._say(topics.EVENT, EventBatch(EPOCH, next(self._events), (event,)).encode())

    def message(self, subject: str, data: bytes) -> None:
        self._say(topics.MESSAGE, GuestMessage(subject, data).encode())

    def measure(self, value: float, unit: str = "Cel", name: str = "temperature") -> None:
        pack = senml.encode(senml.Measurement(self.name, "thermometer", name, unit, value, time.time()))
        self._say(topics.TELEMETRY, TelemetryBatch(EPOCH, next(self._records), (pack,)).encode())

    def _say(self, kind: str, payload: bytes) -> None:
        self._intake.take([(Topic(self._site, self.name, kind), payload)])


def workload(release: str, state: str, **changes: Any) -> ReportedWorkload:
    """One entry of a report."""
    values: dict[str, Any] = {"name": "thermometer", "version": "2.0.0", "sequence": 7, "reason": "", "offset": 0}
    values |= {"size": 4000, "previous": None, "release": bytes.fromhex(release), "state": state}
    return ReportedWorkload(**(values | changes))
