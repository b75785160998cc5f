"""Turns messages of devices into rows and answers; knows no connection and no threads.

Many messages share one transaction. Answers, above all acknowledgements, are returned only after it was committed.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from fleet.database import Database
from fleet.errors import NotFoundError
from fleet.models import Device
from fleet.mqtt.counters import Counters
from fleet.services import desired, guest_messages, releases
from fleet.services.changes import Changes
from fleet.services.clock import unix_ms
from fleet.services.ingestion import EVENT, TELEMETRY, Ingestion
from fleet.services.received import TooFarAheadError
from fleet.services.reports import take_report
from wire import topics
from wire.errors import MalformedError
from wire.messages import Ack, BlockAnswer, BlockRequest, EventBatch, GuestMessage, Reported, TelemetryBatch
from wire.topics import Topic

DESIRED_AGAIN_AFTER_MS = 5_000
"""A device that still reports an older revision gets its desired state as the answer, but not more often than this."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Message:
    """A payload on a topic."""

    topic: str
    payload: bytes


@dataclass
class _Turn:
    """What one transaction does."""

    session: Session
    ingestion: Ingestion
    devices: dict[tuple[str, str], Device | None] = field(default_factory=dict)
    acks: dict[tuple[str, str, str, int], int] = field(default_factory=dict)
    behind: dict[str, Device] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)


class Intake:
    """Takes messages in turns. Not to be used by two threads at once."""

    def __init__(self, database: Database, changes: Changes, counters: Counters) -> None:
        self._database = database
        self._changes = changes
        self._counters = counters
        self._answered: dict[str, tuple[int, int]] = {}

    def take(self, messages: Sequence[tuple[Topic, bytes]]) -> list[Message]:
        """Stores reports and batches of records; returns what is to be published then.

        When the database refuses a turn, each message is tried alone, so that one cannot hold up the others.
        """
        try:
            return self._take(messages)
        except SQLAlchemyError as error:
            if len(messages) > 1:
                return [answer for message in messages for answer in self.take([message])]
            self._counters.add("failed")
            log.error("a message on %s could not be stored: %s", messages[0][0] if messages else "-", error)
            return []

    def desired(self, device_name: str) -> list[Message]:
        """The desired state of a device, to be published now; nothing when there is no such device."""
        with self._database.read() as session:
            device = session.scalar(select(Device).where(Device.name == device_name))
            return [] if device is None else [_desired_message(session, device)]

    def block(self, topic: Topic, payload: bytes) -> list[Message]:
        """Answers one request for bytes of a payload."""
        digest = topic.digest or b""
        answer_topic = topics.topic(topic.site, topic.device, topics.block(digest))
        with self._database.read() as session:
            if not _is_device_of_site(session, topic):
                self._foreign(topic)
                return []
            try:
                request = BlockRequest.decode(payload)
                block = releases.block(session, digest.hex(), request.offset, request.length)
                answer = BlockAnswer(offset=request.offset, size=block.size, data=block.data)
            except MalformedError as error:
                self._malformed(topic, error)
                answer = BlockAnswer(error=f"malformed: {error}")
            except NotFoundError as error:
                answer = BlockAnswer(error=f"{error.code}: {error.message}")
        self._counters.add("blocks")
        return [Message(answer_topic, answer.encode())]

    def _take(self, messages: Sequence[tuple[Topic, bytes]]) -> list[Message]:
        with self._database.write() as session:
            turn = _Turn(session, Ingestion(session))
            for topic, payload in messages:
                self._take_one(turn, topic, payload)
            turn.ingestion.finish()
            answers = [_desired_message(session, device) for device in turn.behind.values()]
        for name, count in turn.ingestion.counts().items():
            self._counters.add(name, count)
        self._changes.notify(*turn.touched)
        return [*_ack_messages(turn.acks), *answers]

    def _take_one(self, turn: _Turn, topic: Topic, payload: bytes) -> None:
        device = _device(turn, topic)
        if device is None:
            self._foreign(topic)
            return
        try:
            if topic.kind == topics.REPORTED:
                take_report(turn.session, device, Reported.decode(payload))
                self._note_revision(turn, device)
            elif topic.kind == topics.TELEMETRY:
                epoch, seq = turn.ingestion.telemetry(device, TelemetryBatch.decode(payload))
                turn.acks[topic.site, device.name, TELEMETRY, epoch] = seq
            elif topic.kind == topics.MESSAGE:
                guest_messages.keep(turn.session, device, GuestMessage.decode(payload))
            elif topic.kind == topics.EVENT:
                epoch, seq = turn.ingestion.events(device, EventBatch.decode(payload))
                turn.acks[topic.site, device.name, EVENT, epoch] = seq
        except MalformedError as error:
            self._malformed(topic, error)
        except TooFarAheadError as error:
            self._counters.add("too-far-ahead")
            log.warning("a batch on %s is left for later: %s", topic, error)
        else:
            turn.touched.add(device.name)

    def _note_revision(self, turn: _Turn, device: Device) -> None:
        if device.reported_revision >= device.desired_revision:
            turn.behind.pop(device.name, None)
            return
        revision, sent = self._answered.get(device.name, (-1, 0))
        if revision != device.desired_revision or unix_ms() - sent >= DESIRED_AGAIN_AFTER_MS:
            turn.behind[device.name] = device
            self._answered[device.name] = (device.desired_revision, unix_ms())

    def _malformed(self, topic: Topic, error: MalformedError) -> None:
        self._counters.add("malformed")
        log.warning("a message on %s is left out: %s", topic, error)

    def _foreign(self, topic: Topic) -> None:
        self._counters.add("foreign")
        log.warning("a message on %s is left out: the fleet knows no such device at this site", topic)


def _desired_message(session: Session, device: Device) -> Message:
    topic = topics.topic(device.site.name, device.name, topics.DESIRED)
    return Message(topic, desired.message(session, device).encode())


def _device(turn: _Turn, topic: Topic) -> Device | None:
    key = (topic.site, topic.device)
    if key not in turn.devices:
        device = turn.session.scalar(select(Device).where(Device.name == topic.device))
        turn.devices[key] = device if device is not None and device.site.name == topic.site else None
    return turn.devices[key]


def _is_device_of_site(session: Session, topic: Topic) -> bool:
    device = session.scalar(select(Device).where(Device.name == topic.device))
    return device is not None and device.site.name == topic.site


def _ack_messages(acks: dict[tuple[str, str, str, int], int]) -> list[Message]:
    messages = []
    for (site, device, stream, epoch), seq in acks.items():
        ack = Ack(telemetry=(epoch, seq)) if stream == TELEMETRY else Ack(event=(epoch, seq))
        messages.append(Message(topics.topic(site, device, topics.ACK), ack.encode()))
    return messages
