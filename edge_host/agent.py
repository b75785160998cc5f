"""The agent: puts the parts together and carries messages between them.

::

    guests -> journal -> outbox -> delivery -> uplink -> fleet
    boards ----^                              uplink -> desired, acks, blocks, commands -> the members they are for

A **member** is a device of this site that the agent speaks for: this host itself, or an attached board.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from edge_host.anchors import Anchors
from edge_host.artifacts import Artifacts
from edge_host.backends import open_labels
from edge_host.blob_places import BlobPlaces
from edge_host.boards.finder import Finder
from edge_host.boards.member import BoardMember
from edge_host.boards.session import Services as BoardServices
from edge_host.boards.view import BoardView
from edge_host.config import Board, Config
from edge_host.delivery import Delivery
from edge_host.download import Downloads
from edge_host.engine import EpochTicker, new_engine
from edge_host.errors import ConfigError
from edge_host.inbox import Inbox
from edge_host.journal import Journal
from edge_host.key_values import KeyValueFile
from edge_host.lean import Tidy, installed
from edge_host.local import LocalMember
from edge_host.member import Member
from edge_host.messages import FLEET, Bus, Message, is_answer
from edge_host.no_uplink import NoUplink
from edge_host.outbox import Outbox
from edge_host.presence import Presence
from edge_host.reporter import Reporter
from edge_host.runner import Host
from edge_host.secrets import Secrets
from edge_host.services import Services
from edge_host.state import StateStore
from edge_host.status import Status
from edge_host.threads import GuestThreads
from wire import topics
from wire.errors import WireError
from wire.messages import Ack, Command, CommandReply, EventKind, GuestMessage

if TYPE_CHECKING:
    from edge_host.http.server import HttpServer
    from edge_host.uplink import Uplink

log = logging.getLogger(__name__)

SUBSCRIBED = (topics.DESIRED, topics.ACK, topics.COMMAND, f"{topics.BLOCK}/+", topics.MESSAGE_TO)


class Agent:
    """One agent in one event loop; `run` returns after SIGTERM or SIGINT."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._store = StateStore(config.state / "state.db")
        self._outbox = Outbox(config.state / "outbox", config.outbox)
        self._artifacts = Artifacts(config.state)
        self._bus = Bus()
        self._tidy = Tidy()
        self._messages: Inbox[bytes] = Inbox(lambda data: self._publish(config.device, topics.MESSAGE, data))
        self._bus.attach(FLEET, self._to_fleet)
        self._tasks: set[asyncio.Task[None]] = set()
        devices = (config.device, *(board.name for board in config.boards))
        self._uplink = self._new_uplink(config, devices)
        self._delivery = Delivery(self._outbox, devices, self._publish, self._uplink.ready)
        self._downloads = Downloads(self._artifacts, self._publish, self._uplink.connected)
        engine, threads = new_engine(), GuestThreads(config.guest_threads)
        labels = open_labels(config.labels, config.state)
        self._host = Host(
            engine,
            EpochTicker(engine, threads.look),
            threads,
            labels,
            self._bus,
            KeyValueFile(config.state / "keyvalue.db", labels.all_of(KeyValueFile)),
            schedules=self._store.schedules,
            http_address=(config.http.host, config.http.port) if config.http is not None else None,
            blobs=BlobPlaces(config.state / "blobs", labels),
            secrets=Secrets(config.secrets),
        )
        self._anchors = Anchors(config.anchors, self._store, self._local_journal())
        self._finder = Finder(config.boards, config.owner, self._tell)
        self._boards = [self._board(board) for board in config.boards]
        local = self._local()
        self._members: dict[str, Member] = {config.device: local}
        self._members.update((board.name, member) for board, member in zip(config.boards, self._boards, strict=True))
        self._reporter = Reporter({name: member.reported for name, member in self._members.items()}, self._publish)
        self._status = Status(
            config.device, config.site, installed("petiole") or "unknown", config.state, self._members
        )
        self._status.add("broker", self._broker)
        self._status.add("runs", self._store.schedules.shown)
        self._status.add("instances", local.instances)
        self._status.add("manifests", local.manifests)
        self._status.add("outbox", self._outbox.statistics)

    async def run(self) -> None:
        """Run until told to stop."""
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        for work in (self._delivery.run(), self._reporter.run(), self._uplink.run(), self._finder.run()):
            self._spawn(work)
        try:
            async with Presence(self._config.state, self._config.metrics, self._status) as presence:
                for member in self._members.values():
                    await member.start()
                server = await self._listen()
                presence.ready()
                self._tidy.changed()
                await stopping.wait()
                presence.stopping()
                if server is not None:
                    await server.close()
            log.info("stopping")
        finally:
            await asyncio.gather(*(member.stop() for member in self._members.values()))
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._host.pool.shutdown()
            self._host.ticker.close()
            self._host.key_values.close()
            self._host.labels.close()
            self._outbox.close()
            self._store.close()

    async def _listen(self) -> HttpServer | None:
        """Take HTTP requests for workloads where the configuration wants it; raises `BusyError`."""
        if self._config.http is None:
            return None
        try:
            from edge_host.http.server import HttpServer  # noqa: PLC0415 - it brings a library that nobody else needs
        except ImportError as error:
            raise ConfigError(
                self._config.file, "http.listen", f"{error.name} is missing: pip install 'petiole[http]'"
            ) from None

        server = HttpServer(self._config.http, self._host.routes)
        log.info("taking HTTP requests at port %d", await server.start())
        return server

    def _new_uplink(self, config: Config, devices: Sequence[str]) -> Uplink | NoUplink:
        if config.mqtt is None:
            return NoUplink()
        from edge_host.uplink import Uplink  # noqa: PLC0415 - who has no fleet has no MQTT either

        return Uplink(
            config.mqtt,
            f"petiole-{config.site}-{config.device}",
            [topics.subscription(config.site, device, kind) for device in devices for kind in SUBSCRIBED],
            on_message=self._received,
            on_connected=self._connected,
            on_kicked=self._kicked,
            on_ready=self._ready,
        )

    def _broker(self) -> dict[str, object] | None:
        mqtt = self._config.mqtt
        if mqtt is None:
            return None
        url = f"{'mqtts' if mqtt.tls else 'mqtt'}://{mqtt.host}:{mqtt.port}"
        return {"url": url, "connected": self._uplink.connected.is_set()}

    def _local(self) -> LocalMember:
        services = Services(
            device=self._config.device,
            anchors=self._anchors,
            store=self._store,
            artifacts=self._artifacts,
            downloads=self._downloads,
            journal=self._local_journal(),
            host=self._host,
            changed=self._changed,
            keep=self._needed,
        )
        return LocalMember(self._config, services, self._outbox, self._bus, self._anchors)

    def _changed(self) -> None:
        self._reporter.changed(self._config.device)
        self._tidy.changed()

    def _needed(self) -> set[bytes]:
        return {digest for board in self._boards for digest in board.digests}

    def _board(self, board: Board) -> BoardMember:
        journal = Journal(board.name, self._outbox, self._delivery.wake)
        view = BoardView(board.name, self._store, journal, lambda: self._reporter.changed(board.name))
        services = BoardServices(self._outbox, self._delivery, self._downloads, self._bus, self._publish)
        return BoardMember(board, view, journal, services, self._finder)

    def _publish(self, device: str, kind: str, payload: bytes) -> bool:
        return self._uplink.publish(topics.topic(self._config.site, device, kind), payload)

    def _to_fleet(self, message: Message, origin: str | None) -> None:
        """Pass on a message of a guest of this host; those of boards go out under the board's name."""
        if origin is None and self._uplink.connected.is_set() and not is_answer(message.subject):
            self._messages.put(GuestMessage(message.subject, message.body, message.reply_to).encode())

    def _connected(self) -> None:
        self._delivery.reconnected()
        self._reporter.all_changed()

    def _ready(self) -> None:
        self._delivery.wake()

    def _tell(self, level: str, message: str) -> None:
        log.warning("%s", message)
        self._local_journal().event(EventKind.LINK, level=level, message=message)

    def _kicked(self) -> None:
        message = (
            f"the broker ends every new connection of {self._config.device}: "
            "another agent seems to use its identity; stop it, or enroll one of the two anew"
        )
        log.error(message)
        self._local_journal().event(EventKind.LINK, level="error", message=message)

    def _local_journal(self) -> Journal:
        return Journal(self._config.device, self._outbox, self._delivery.wake)

    def _received(self, topic: str, payload: bytes) -> None:
        try:
            where = topics.parse(topic)
            member = self._members.get(where.device)
            if member is None:
                return
            if where.kind == topics.ACK:
                for stream, position in self._delivery.acknowledge(where.device, Ack.decode(payload)):
                    member.acknowledged(stream, position)
            elif where.kind == topics.DESIRED:
                self._spawn(self._desired(where.device, member, payload))
            elif where.kind == topics.COMMAND:
                self._spawn(self._command(where.device, member, Command.decode(payload)))
            elif where.kind == topics.MESSAGE_TO:
                message = GuestMessage.decode(payload)
                member.message(Message(message.subject, message.data, message.reply))
            elif where.digest is not None:
                self._downloads.answer(where.device, where.digest, payload)
        except WireError as error:
            log.error("message on %s is ignored: %s", topic, error)

    async def _desired(self, device: str, member: Member, payload: bytes) -> None:
        try:
            await member.desired(payload)
        except WireError as error:
            log.error("the desired state of %s is ignored: %s", device, error)
            member.journal.event(EventKind.REFUSED, level="error", reason=f"malformed: {error}")

    async def _command(self, device: str, member: Member, command: Command) -> None:
        result: Any = None
        problem: str | None = None
        if command.command == "report":
            self._reporter.changed(device)
        elif command.command == "restart":
            problem = await member.restart(str(command.args.get("workload", "")))
        elif command.command == "ping":
            result, problem = await member.ping()
        else:
            problem = f"unknown command {command.command!r}; known are ping, report, restart"
        self._publish(device, topics.COMMAND_REPLY, CommandReply(command.id, problem is None, result, problem).encode())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a part of the agent failed", exc_info=error)
