"""A link to a NATS server: publish, subscribe and answers, over the text protocol of its core.

Eight verbs and one thread: `nats-py` would bring an event loop of its own and 1.5 MB for what is left out here
(JetStream, clusters, accounts with keys).
"""

from __future__ import annotations

import itertools
import logging
import secrets
import socket
import threading
import time
from collections.abc import Callable
from typing import BinaryIO

from edge_host.config_resources import LinkTo
from edge_host.labels import Carrier
from edge_host.messages import Message

log = logging.getLogger(__name__)
CONNECT_SECONDS = 5.0
RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)
MOST_BYTES = 65_536
"""A larger message of the server is left out."""

_HELLO = b'CONNECT {"verbose":false,"pedantic":false,"lang":"petiole","version":"0.1.0","protocol":1,"echo":true}\r\n'


class NatsLink(Carrier):
    """Connects when it is used first, and again by itself."""

    def __init__(self, label: str, target: LinkTo) -> None:
        self._label = label
        self._target = target
        self._prefix = f"{target.prefix.strip('.')}." if target.prefix else ""
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._subscriptions: dict[int, tuple[str, Callable[[Message], None]]] = {}
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def subscribe(self, pattern: str, deliver: Callable[[Message], None]) -> Callable[[], None]:
        """See `Carrier.subscribe`."""
        return self._subscribe(self._prefix + pattern, deliver)

    def publish(self, message: Message) -> int:
        """See `Carrier.publish`."""
        self._start()
        subject = message.subject if message.subject.startswith("_INBOX.") else self._prefix + message.subject
        reply = f" {message.reply_to}" if message.reply_to else ""
        self._send(f"PUB {subject}{reply} {len(message.body)}\r\n".encode() + message.body + b"\r\n")
        return 0

    def inbox(self, deliver: Callable[[Message], None]) -> tuple[str, Callable[[], None]]:
        """See `Carrier.inbox`."""
        subject = f"_INBOX.{secrets.token_hex(11)}"
        return subject, self._subscribe(subject, deliver)

    def close(self) -> None:
        """See `Carrier.close`."""
        self._closed.set()
        with self._lock:
            if self._socket is not None:
                self._socket.close()

    def _subscribe(self, subject: str, deliver: Callable[[Message], None]) -> Callable[[], None]:
        with self._lock:
            number = next(self._numbers)
            self._subscriptions[number] = (subject, deliver)
            self._send_if_connected(f"SUB {subject} {number}\r\n".encode())
        self._start()

        def end() -> None:
            with self._lock:
                self._subscriptions.pop(number, None)
                self._send_if_connected(f"UNSUB {number}\r\n".encode())

        return end

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"nats {self._label}", daemon=True)
                self._thread.start()

    def _send(self, data: bytes) -> None:
        with self._lock:
            if self._socket is None:
                raise ConnectionError(f"{self._label} is not connected")
            self._socket.sendall(data)

    def _send_if_connected(self, data: bytes) -> None:
        if self._socket is not None:
            try:
                self._socket.sendall(data)
            except OSError as error:  # the reading thread finds it too, and connects again
                log.debug("link %s: %s", self._label, error)

    def _run(self) -> None:
        failures = 0
        while not self._closed.is_set():
            begun = time.monotonic()
            try:
                self._serve()
            except (OSError, ValueError) as error:
                if not failures:
                    log.warning("link %s: %s; trying again", self._label, error)
            failures = 0 if time.monotonic() - begun > CONNECT_SECONDS else failures + 1
            self._closed.wait(RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1])

    def _serve(self) -> None:
        with socket.create_connection((self._target.host, self._target.port), CONNECT_SECONDS) as connection:
            lines = connection.makefile("rb")
            if not lines.readline(MOST_BYTES).startswith(b"INFO "):
                raise ValueError("the server is not a NATS server")
            connection.sendall(_HELLO + b"PING\r\n")
            connection.settimeout(None)
            try:
                with self._lock:
                    for number, (subject, _) in self._subscriptions.items():
                        connection.sendall(f"SUB {subject} {number}\r\n".encode())
                    self._socket = connection
                while self._take(lines):
                    pass
            finally:
                with self._lock:
                    self._socket = None

    def _take(self, lines: BinaryIO) -> bool:
        """Read one operation of the server; False at the end of the connection."""
        line = lines.readline(MOST_BYTES)
        if not line.endswith(b"\r\n"):
            return False
        verb, *arguments = line.split()
        if verb == b"PING":
            self._send(b"PONG\r\n")
        elif verb == b"MSG":
            self._message(arguments, lines)
        elif verb == b"-ERR":
            log.warning("link %s: %s", self._label, line.decode("utf-8", "replace").strip())
        return True

    def _message(self, arguments: list[bytes], lines: BinaryIO) -> None:
        subject, number, *reply, size = (argument.decode() for argument in arguments)
        body = lines.read(int(size) + 2)[:-2]
        with self._lock:
            entry = self._subscriptions.get(int(number))
        if entry is not None and len(body) <= MOST_BYTES:
            entry[1](Message(subject.removeprefix(self._prefix), body, reply[0] if reply else None))
