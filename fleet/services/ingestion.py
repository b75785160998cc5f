"""Takes in batches of durable records: each record is stored once, whatever arrives how often and in which order.

A device is never told of a loss: it learns how far its records are stored without a gap, and sends the rest again
(formats.md section 7). A record that cannot be understood counts as arrived, so that it does not hold up those
behind it; it is logged and counted.
"""

import logging
from collections.abc import Iterator
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from fleet.models import Device, EventRecord, Measurement, Stream, Transition
from fleet.services.plain import clip, clip_or_none
from fleet.services.received import Received
from fleet.services.reports import note_transition
from wire import senml
from wire.errors import MalformedError
from wire.messages import Event, EventBatch, EventKind, TelemetryBatch
from wire.names import is_name

TELEMETRY = "telemetry"
EVENT = "event"
MAX_SEQ = 2**62

log = logging.getLogger(__name__)


class Ingestion:
    """Stores batches within one transaction. `malformed` counts the records that could not be understood."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._streams: dict[tuple[int, str, int], Stream] = {}
        self._measurements: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []
        self.malformed = 0
        self.duplicates = 0
        self.stored = 0

    def telemetry(self, device: Device, batch: TelemetryBatch) -> tuple[int, int]:
        """Takes a telemetry batch; returns (epoch, seq) up to which everything is stored after the commit."""
        stream = self._stream(device, TELEMETRY, batch.epoch)
        for seq in self._new(stream, batch):
            if pack := batch.records[seq - batch.first]:  # the device discarded an empty one, or it is in an average
                self._measurements += self._rows(device, batch.epoch, seq, pack)
        return batch.epoch, stream.contiguous

    def events(self, device: Device, batch: EventBatch) -> tuple[int, int]:
        """Takes an event batch; returns (epoch, seq) up to which everything is stored after the commit."""
        stream = self._stream(device, EVENT, batch.epoch)
        for seq in self._new(stream, batch):
            event = batch.records[seq - batch.first]
            if event is None:
                self._skip(device, EVENT, batch.epoch, seq, "it is no event")
                continue
            self._events.append(_event_row(device, batch.epoch, seq, event))
            self._note_state(device, event)
        return batch.epoch, stream.contiguous

    def finish(self) -> None:
        """Writes the collected rows; to be called before the session commits."""
        if self._measurements:
            self._session.execute(insert(Measurement), self._measurements)
        if self._events:
            self._session.execute(insert(EventRecord), self._events)
        self._measurements, self._events = [], []

    def counts(self) -> dict[str, int]:
        """How many records were stored, were there before, and could not be understood."""
        return {"stored": self.stored, "duplicates": self.duplicates, "malformed": self.malformed}

    def _stream(self, device: Device, name: str, epoch: int) -> Stream:
        key = (device.id, name, epoch)
        if key not in self._streams:
            query = select(Stream).where(Stream.device_id == device.id, Stream.stream == name, Stream.epoch == epoch)
            stream = self._session.scalar(query.with_for_update())
            if stream is None:
                stream = Stream(device_id=device.id, stream=name, epoch=epoch, contiguous=0, ahead=[])
                self._session.add(stream)
            self._streams[key] = stream
        return self._streams[key]

    def _new(self, stream: Stream, batch: TelemetryBatch | EventBatch) -> Iterator[int]:
        """Notes which records arrived; yields the sequence numbers that are new."""
        first, count = batch.first, len(batch.records)
        if first < 1 or first + count > MAX_SEQ:
            raise MalformedError(f"a batch cannot begin with record {first}; the first record of an epoch is 1")
        received = Received(stream.contiguous, tuple((begin, end) for begin, end in stream.ahead))
        if batch.held is not None and batch.held - 1 > received.contiguous:
            self._note_gap(stream, received, min(batch.held, first))
            received = Received(stream.contiguous, tuple((begin, end) for begin, end in stream.ahead))
        missing = received.missing(first, first + count - 1)
        fresh = sum(end - begin + 1 for begin, end in missing)
        if fresh:
            after = received.add(first, first + count - 1)
            stream.contiguous = after.contiguous
            stream.ahead = [list(item) for item in after.ahead]
        self.duplicates += count - fresh
        self.stored += fresh
        for begin, end in missing:
            yield from range(begin, end + 1)

    def _note_gap(self, stream: Stream, received: Received, held: int) -> None:
        """The device has nothing below `held` any more, though not all of it is here: an older database had it."""
        after = received.since(held)
        log.warning(
            "records %d to %d of stream %s, epoch %d, device %d are not here and not on the device any more",
            *(received.contiguous + 1, held - 1, stream.stream, stream.epoch, stream.device_id),
        )
        stream.contiguous = after.contiguous
        stream.ahead = [list(item) for item in after.ahead]

    def _rows(self, device: Device, epoch: int, seq: int, pack: bytes) -> Iterator[dict[str, Any]]:
        try:
            measurements = senml.decode(pack)
        except MalformedError as error:
            self._skip(device, TELEMETRY, epoch, seq, str(error))
            return
        for item, measurement in enumerate(measurements):
            if measurement.device != device.name or not is_name(measurement.workload):
                self._skip(
                    device, TELEMETRY, epoch, seq, f"speaks for {measurement.device!r}, {measurement.workload!r}"
                )
                continue
            yield _measurement_row(device, epoch, seq, item, measurement)

    def _skip(self, device: Device, stream: str, epoch: int, seq: int, reason: str) -> None:
        self.malformed += 1
        log.warning("%s record %d/%d of %s is left out: %s", stream, epoch, seq, device.name, clip(reason, 200))

    def _note_state(self, device: Device, event: Event) -> None:
        if event.kind == "state" and event.state and event.workload and is_name(event.workload):
            change = Transition(
                device_id=device.id,
                time=event.time,
                workload=event.workload,
                version=clip(event.version or "", 32),
                state=clip(event.state, 16),
                reason=clip(event.reason or ""),
            )
            note_transition(self._session, change)


def _measurement_row(device: Device, epoch: int, seq: int, item: int, m: senml.Measurement) -> dict[str, Any]:
    value = m.value
    is_flag = isinstance(value, bool)
    return {
        "device_id": device.id,
        "epoch": epoch,
        "seq": seq,
        "item": item,
        "time": round(m.time * 1000),
        "workload": m.workload,
        "name": clip(m.name, 128),
        "unit": clip(m.unit, 64) or None,
        "number": float(value) if not is_flag and isinstance(value, int | float) else None,
        "text": clip(value) if isinstance(value, str) else None,
        "flag": value if is_flag else None,
    }


def _event_row(device: Device, epoch: int, seq: int, event: Event) -> dict[str, Any]:
    return {
        "device_id": device.id,
        "epoch": epoch,
        "seq": seq,
        "time": event.time,
        "kind": clip(event.kind, 16),
        "workload": clip_or_none(event.workload, 32),
        "version": clip_or_none(event.version, 32),
        "level": clip_or_none(event.level, 16),
        "context": clip_or_none(event.context),
        "message": clip_or_none(event.message),
        "state": clip_or_none(event.state, 16),
        "reason": clip_or_none(event.reason),
        "stop": _stop(event) if event.kind == EventKind.STOP else None,
    }


def _stop(event: Event) -> dict[str, Any]:
    return {
        "release": None if event.release is None else event.release.hex()[:64],
        "component": clip_or_none(event.component, 32),
        "trap": clip_or_none(event.trap, 128),
        **{name: getattr(event, name) for name in ("pc", "function", "fuel", "memory", "stack", "up")},
    }
