"""Listens to a board: holds a lease, keeps every event once, acknowledges them (formats.md section 8)."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from wire.errors import MalformedError
from wire.smp import Decoder, Group, Message, Op, Petiole, encode_frames

LEASE_SECONDS = 60
RENEW_SECONDS = 1.0
ACKNOWLEDGE_SECONDS = 0.2
"""Events are acknowledged together: each acknowledgement is work for the board."""
CHUNK = 4096

Event = Mapping[str, Any]


class EventLog:
    """The events of the board on `port` (`socket://...`) since the `with` block began, oldest first."""

    def __init__(self, port: str) -> None:
        self.all: list[Event] = []
        address = urlsplit(port)
        self._line = socket.create_connection((address.hostname or "", address.port or 0))
        self._line.settimeout(ACKNOWLEDGE_SECONDS)
        self._seen: set[tuple[int, int]] = set()
        self._newest = self._acknowledged = (0, 0)
        self._changed = threading.Condition()
        self._stopping = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._line.close()

    def start(self) -> None:
        """Listen (again)."""
        self._stopping = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and acknowledging."""
        self._stopping = True
        self._thread.join()

    def of(self, workload: str, kind: str) -> list[Event]:
        """The events of one kind of a workload."""
        with self._changed:
            return [event for event in self.all if event.get("wl") == workload and event["kind"] == kind]

    def first(self, workload: str, kind: str) -> Event:
        """The first event of one kind of a workload, waiting for it."""
        return self.wait(lambda event: event.get("wl") == workload and event["kind"] == kind)

    def wait(self, wanted: Callable[[Event], bool], seconds: float = 20.0) -> Event:
        """The first event that is `wanted`, waiting for it; fails when there is none within `seconds`."""

        def found() -> Event | None:
            return next((event for event in self.all if wanted(event)), None)

        with self._changed:
            event = self._changed.wait_for(found, seconds)
            assert event is not None, "\n".join(["no such event; there were:", *map(str, self.all[-30:])])
            return event

    def _run(self) -> None:
        decoder = Decoder()
        self._renew()
        while not self._stopping:
            data = b""
            with contextlib.suppress(TimeoutError):
                data = self._line.recv(CHUNK)
                if not data:
                    return
            for message in decoder.feed(data):
                self._take(message)
            waited = time.monotonic() - self._renewed
            if waited > (ACKNOWLEDGE_SECONDS if self._newest > self._acknowledged else RENEW_SECONDS):
                self._renew()

    def _take(self, data: bytes) -> None:
        try:
            message = Message.decode(data)
        except MalformedError:
            return
        if (message.op, message.group, message.command) != (Op.WRITE, Group.PETIOLE, Petiole.EVENT):
            return
        place = (message.body["boot"], message.body["seq"])
        with self._changed:
            if place not in self._seen:
                self._seen.add(place)
                self.all.append(message.body)
                self._changed.notify_all()
        self._newest = max(self._newest, place)

    def _renew(self) -> None:
        self._renewed, self._acknowledged = time.monotonic(), self._newest
        body: dict[str, Any] = {"lease": LEASE_SECONDS}
        if self._newest != (0, 0):
            body["ack"] = list(self._newest)
        request = Message(Op.WRITE, Group.PETIOLE, Petiole.SUBSCRIBE, 255, body)
        try:
            self._line.sendall(encode_frames(request.encode()))
        except OSError:
            self._stopping = True
