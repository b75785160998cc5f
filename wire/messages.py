"""The messages between devices and the fleet: payloads of the MQTT topics (formats.md section 7).

Each class is one payload or a part of one; fields are the keys of its CBOR map. `encode` gives bytes, `decode` takes
them or raises MalformedError. Times are Unix times in milliseconds; digests are SHA-256, 32 bytes.
"""

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from wire import cbor, records
from wire.errors import MalformedError
from wire.subjects import check_subject

MAX_BLOCK = 65_536
MAX_MESSAGE_DATA = 1_024
"""The most bytes that a message of a guest carries outside its host."""


def unix_ms() -> int:
    """The time now, as messages carry it."""
    return time.time_ns() // 1_000_000


class State(StrEnum):
    """State of a workload release on a device (formats.md section 6)."""

    OFFERED = "offered"
    DOWNLOADING = "downloading"
    VERIFIED = "verified"
    STAGED = "staged"
    PROBATION = "probation"
    CONFIRMED = "confirmed"
    ROLLED_BACK = "rolled-back"
    FAILED = "failed"


class EventKind(StrEnum):
    """What an event tells; `TELEMETRY` and `MESSAGE` occur between board and edge host alone."""

    LOG = "log"
    STATE = "state"
    STOP = "stop"
    REFUSED = "refused"
    LIMIT = "limit"
    BOOT = "boot"
    LINK = "link"
    DROPPED = "dropped"
    TELEMETRY = "telemetry"
    MESSAGE = "message"


class _Message:
    def encode(self) -> bytes:
        """The payload's bytes."""
        return cbor.encode(records.to_map(self))

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The message in a payload; MalformedError names the key that is wrong."""
        what = cls.__name__
        return records.from_map(cls, cbor.decode(data, what), what)


def _check_length(value: bytes, length: int, what: str) -> None:
    if len(value) != length:
        raise MalformedError(f"{what} has {len(value)} bytes instead of {length}")


@dataclass(frozen=True)
class DeltaOffer:
    """A patch (`wire.delta`) that makes the wanted code out of the one with the digest `base`."""

    base: bytes
    digest: bytes
    size: int

    def __post_init__(self) -> None:
        _check_length(self.base, 32, "Desired.workloads.deltas.base")
        _check_length(self.digest, 32, "Desired.workloads.deltas.digest")


@dataclass(frozen=True)
class DesiredWorkload:
    """One workload that a device shall run: the severed envelope, and digest and size of the code to fetch.

    `deltas` are patches that may be fetched in its place. The code is that of all components as they travel
    (`wire.suit.join`).
    """

    name: str
    release: bytes
    envelope: bytes
    digest: bytes
    size: int
    deltas: tuple[DeltaOffer, ...] | None = None

    def __post_init__(self) -> None:
        _check_length(self.release, 32, "Desired.workloads.release")
        _check_length(self.digest, 32, "Desired.workloads.digest")


@dataclass(frozen=True)
class Desired(_Message):
    """Everything a device shall run; what is not listed is to be removed. `anchors` is a rotation of its anchors."""

    revision: int
    workloads: tuple[DesiredWorkload, ...] = ()
    anchors: bytes | None = None


@dataclass(frozen=True)
class GuestMessage(_Message):
    """A message between guests and the fleet (formats.md, `message` and `message/to`); not durable."""

    subject: str
    data: bytes
    reply: str | None = None

    def __post_init__(self) -> None:
        check_subject(self.subject)
        if self.reply is not None:
            check_subject(self.reply)
        if len(self.data) > MAX_MESSAGE_DATA:
            raise MalformedError(f"a message carries {len(self.data)} bytes; allowed are {MAX_MESSAGE_DATA}")


@dataclass(frozen=True)
class ReportedWorkload:
    """What a device says of one workload; `previous` is the version that runs while another is on its way."""

    name: str
    version: str
    sequence: int
    release: bytes
    state: str
    reason: str
    offset: int
    size: int
    previous: str | None


@dataclass(frozen=True)
class QueueDepth:
    """Records in a device's outbox that the fleet has not acknowledged, and the time of the oldest."""

    telemetry: int
    event: int
    oldest: int | None


@dataclass(frozen=True)
class Reported(_Message):
    """What a device runs, what it is, and what it still has to deliver."""

    time: int
    revision: int
    workloads: tuple[ReportedWorkload, ...]
    facts: dict[str, Any]
    queue: QueueDepth


@dataclass(frozen=True)
class TelemetryBatch(_Message):
    """SenML packs `first`, `first + 1`, ... of the telemetry stream of one epoch.

    `held` is the lowest number that the device still has: what is below was acknowledged, or is lost.
    """

    epoch: int
    first: int
    records: tuple[bytes, ...]
    held: int | None = None


@dataclass(frozen=True)
class Event:
    """Something that happened on a device; the fields from `release` on belong to a stop, `up` is in milliseconds."""

    time: int
    kind: str
    workload: str | None = None
    version: str | None = None
    level: str | None = None
    context: str | None = None
    message: str | None = None
    state: str | None = None
    reason: str | None = None
    release: bytes | None = None
    component: str | None = None
    trap: str | None = None
    pc: int | None = None
    function: int | None = None
    fuel: int | None = None
    memory: int | None = None
    stack: int | None = None
    up: int | None = None

    def encode(self) -> bytes:
        """The event alone, as an outbox keeps it."""
        return cbor.encode(records.to_map(self))

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The event in bytes made by `encode`."""
        return records.from_map(cls, cbor.decode(data, "Event"), "Event")


@dataclass(frozen=True)
class EventBatch(_Message):
    """Events `first`, `first + 1`, ... of the event stream of one epoch; None stands for what is no event.

    `held` as in a `TelemetryBatch`.
    """

    epoch: int
    first: int
    records: tuple[Event | None, ...]
    held: int | None = None

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The batch in a payload; one record that is no event does not spoil the others."""
        raw = _RawEventBatch.decode(data)
        return cls(raw.epoch, raw.first, tuple(map(_event_or_none, raw.records)), raw.held)


@dataclass(frozen=True)
class _RawEventBatch(_Message):
    epoch: int
    first: int
    records: tuple[Any, ...]
    held: int | None = None


def _event_or_none(value: Any) -> Event | None:
    try:
        return records.from_map(Event, value, "Event")
    except MalformedError:
        return None


@dataclass(frozen=True)
class Ack(_Message):
    """For each stream (epoch, seq): everything up to seq of that epoch is stored."""

    telemetry: tuple[int, int] | None = None
    event: tuple[int, int] | None = None


@dataclass(frozen=True)
class BlockRequest(_Message):
    """A device asks for `length` bytes of a payload from `offset` on."""

    offset: int
    length: int

    def __post_init__(self) -> None:
        if not 0 < self.length <= MAX_BLOCK:
            raise MalformedError(f"BlockRequest.length is {self.length}, not 1 to {MAX_BLOCK}")


@dataclass(frozen=True)
class BlockAnswer(_Message):
    """Bytes of a payload of `size` bytes from `offset` on, or an `error`."""

    offset: int | None = None
    size: int | None = None
    data: bytes | None = None
    error: str | None = None

    def __post_init__(self) -> None:
        if self.error is None and (self.offset is None or self.size is None or self.data is None):
            raise MalformedError("BlockAnswer has neither an error nor all of offset, size and data")


@dataclass(frozen=True)
class Command(_Message):
    """A request to a device: `ping`, `restart` (args: workload) or `report`."""

    id: str
    command: str
    args: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CommandReply(_Message):
    """The answer to the command with this id."""

    id: str
    ok: bool
    result: Any = None
    error: str | None = None
