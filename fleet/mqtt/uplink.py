"""The fleet on its broker: a queue between the network thread and one thread that works on the database.

The network thread only queues. The worker takes all that waits, up to `TURN` messages, into one transaction, so that
a flood of messages costs few commits. When the queue is full, messages are dropped and counted: devices send them
again.
"""

import logging
import queue
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

from fleet.errors import UnavailableError
from fleet.mqtt.connection import Connection
from fleet.mqtt.counters import Counters
from fleet.mqtt.intake import Intake, Message
from fleet.settings import BrokerAddress, ClientTls
from wire import topics
from wire.errors import MalformedError
from wire.messages import Command, CommandReply, GuestMessage
from wire.topics import Topic

QUEUE = 10_000
TURN = 256

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _SendDesired:
    device: str


@dataclass(frozen=True)
class _Stop:
    pass


@dataclass(frozen=True)
class _Pending:
    site: str
    device: str
    reply: Future[CommandReply]


class Uplink:
    """Receives from devices and sends to them, until stopped. All methods may be called from any thread."""

    def __init__(
        self, address: BrokerAddress, intake: Intake, counters: Counters, tls: ClientTls | None = None
    ) -> None:
        self._intake = intake
        self._counters = counters
        self._queue: queue.Queue[Message | _SendDesired | _Stop] = queue.Queue(QUEUE)
        self._connection = Connection(address, self._receive, tls)
        self._address = address
        self._worker = threading.Thread(target=self._work, name="intake", daemon=True)
        self._pending: dict[str, _Pending] = {}

    @property
    def is_up(self) -> bool:
        """Whether the fleet is connected to its broker."""
        return self._connection.is_up

    def start(self) -> None:
        """Connects, and begins to work."""
        self._worker.start()
        self._connection.start()

    def wait_until_up(self, timeout_s: float) -> bool:
        """Waits for the first connection to the broker; False when there was none in that time."""
        return self._connection.wait_until_up(timeout_s)

    def stop(self) -> None:
        """Disconnects, and works off what has arrived."""
        self._connection.stop()
        self._queue.put(_Stop())
        self._worker.join()

    def send_desired(self, device: str) -> None:
        """Sends a device its desired state; it also gets it whenever it reports an older revision."""
        try:
            self._queue.put_nowait(_SendDesired(device))
        except queue.Full:
            self._counters.add("overflow")

    def request(
        self, site: str, device: str, command: str, args: dict[str, Any]
    ) -> tuple[Command, Future[CommandReply]]:
        """Sends a command; returns it and where its answer will be. UnavailableError when the broker is away."""
        identifier = secrets.token_hex(8)
        reply: Future[CommandReply] = Future()
        self._pending[identifier] = _Pending(site, device, reply)
        reply.add_done_callback(lambda _: self._pending.pop(identifier, None))
        message = Command(id=identifier, command=command, args=args)
        if not self._connection.publish(topics.topic(site, device, topics.COMMAND), message.encode()):
            reply.cancel()
            raise self._away()
        return message, reply

    def send_message(self, site: str, device: str, message: GuestMessage) -> None:
        """Sends a message to the guests of a device. UnavailableError when the broker is away."""
        if not self._connection.publish(topics.topic(site, device, topics.MESSAGE_TO), message.encode()):
            raise self._away()

    def _away(self) -> UnavailableError:
        return UnavailableError(
            "broker-unreachable", f"the fleet is not connected to its broker {self._address}; try again when it is"
        )

    def _receive(self, topic: str, payload: bytes) -> None:
        self._counters.add("messages")
        try:
            self._queue.put_nowait(Message(topic, payload))
        except queue.Full:
            self._counters.add("overflow")

    def _work(self) -> None:
        while True:
            jobs = [self._queue.get()]
            while len(jobs) < TURN and not self._queue.empty():
                jobs.append(self._queue.get_nowait())
            self._guard(partial(self._turn, jobs))
            if any(isinstance(job, _Stop) for job in jobs):
                return

    def _turn(self, jobs: list[Message | _SendDesired | _Stop]) -> None:
        records: list[tuple[Topic, bytes]] = []
        later: list[Callable[[], list[Message]]] = []
        for job in jobs:
            if isinstance(job, _SendDesired):
                later.append(partial(self._intake.desired, job.device))
            elif isinstance(job, Message) and (topic := self._topic(job.topic)) is not None:
                if topic.is_block_request:
                    later.append(partial(self._intake.block, topic, job.payload))
                elif topic.kind == topics.COMMAND_REPLY:
                    self._take_reply(topic, job.payload)
                else:
                    records.append((topic, job.payload))
        if records:
            later.insert(0, partial(self._intake.take, records))
        for answer in later:
            self._guard(partial(self._answer, answer))

    def _guard(self, action: Callable[[], None]) -> None:
        """Nothing that a device sends, and no fault of the database, may end the worker."""
        try:
            action()
        except Exception:
            self._counters.add("failed")
            log.exception("messages could not be worked on; devices will send them again")

    def _answer(self, work: Callable[[], list[Message]]) -> None:
        for message in work():
            self._connection.publish(message.topic, message.payload)

    def _topic(self, text: str) -> Topic | None:
        try:
            return topics.parse(text)
        except MalformedError as error:
            self._counters.add("malformed")
            log.warning("a message is left out: %s", error)
            return None

    def _take_reply(self, topic: Topic, payload: bytes) -> None:
        try:
            reply = CommandReply.decode(payload)
        except MalformedError as error:
            self._counters.add("malformed")
            log.warning("a message on %s is left out: %s", topic, error)
            return
        pending = self._pending.get(reply.id)
        if pending is None:
            return
        if (pending.site, pending.device) != (topic.site, topic.device):
            self._counters.add("foreign")
            log.warning("%s answers a command that was sent to %s", topic.device, pending.device)
        elif pending.reply.set_running_or_notify_cancel():
            pending.reply.set_result(reply)
