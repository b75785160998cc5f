"""A tap on a board's serial line: several programs share the line, and everything the board says is kept with its time.

An emulated board's serial port has one user at a time. The tap is that user; it listens on a TCP port of its own and
passes on: what the board sends to every client, what any client sends to the board. It keeps two files: the raw bytes,
and a log with one line for each line or SMP message, each with the host's time to the millisecond.
"""

import contextlib
import selectors
import socket
import threading
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from wire.errors import MalformedError
from wire.smp import Decoder, Message

BOARD, SERVER, CLIENT, WAKE = "board", "server", "client", "wake"
CHUNK = 4096
RECONNECT_SECONDS = 0.05
SHOWN_BYTES = 8
SMP_LINES = (b"\x06\x09", b"\x04\x14")


class SerialTap:
    """Taps the serial TCP port `board_port` on loopback; a context manager with its own thread.

    `raw` and `log` are the files it appends to; `sent` and `received` count the bytes to the board and from it.
    The board may come and go: the tap connects again by itself.
    """

    def __init__(self, board_port: int, raw: Path, log: Path) -> None:
        self.raw, self.log = raw, log
        self.sent = self.received = 0
        self._board_port = board_port
        self._server = socket.create_server(("127.0.0.1", 0))
        self._wake, self._woken = socket.socketpair()
        self._board: socket.socket | None = None
        self._clients: set[socket.socket] = set()
        self._selector = selectors.DefaultSelector()
        self._sides = {"board": _Side("<"), "client": _Side(">")}
        self._thread = threading.Thread(target=self._run, name=f"tap-{board_port}", daemon=True)
        self._stopping = False
        self._connected = threading.Event()
        for path in (raw, log):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        self._wake.send(b"x")
        self._thread.join()

    @property
    def port(self) -> str:
        """The tap's own port, as pyserial opens it."""
        return f"socket://127.0.0.1:{self._server.getsockname()[1]}"

    def wait_connected(self, seconds: float) -> bool:
        """Wait until the tap is on the board's line; whether it is."""
        return self._connected.wait(seconds)

    def write(self, data: bytes) -> None:
        """Send bytes to the board. Nothing happens while the board is off."""
        board = self._board
        if board is not None:
            with contextlib.suppress(OSError):
                board.sendall(data)
                self.sent += len(data)

    def _run(self) -> None:
        self._selector.register(self._server, selectors.EVENT_READ, SERVER)
        self._selector.register(self._woken, selectors.EVENT_READ, WAKE)
        with self.raw.open("ab", buffering=0) as raw, self.log.open("a", buffering=1) as log:
            while not self._stopping:
                if self._board is None:
                    self._connect()
                timeout = None if self._board else RECONNECT_SECONDS
                for key, _ in self._selector.select(timeout):
                    if isinstance(key.fileobj, socket.socket):
                        self._serve(key.data, key.fileobj, raw, log)
        for end in (self._server, self._wake, self._woken, *self._clients, *([self._board] if self._board else [])):
            end.close()
        self._selector.close()

    def _connect(self) -> None:
        try:
            self._board = socket.create_connection(("127.0.0.1", self._board_port), timeout=1)
        except OSError:
            return
        self._board.settimeout(None)
        self._selector.register(self._board, selectors.EVENT_READ, BOARD)
        self._connected.set()

    def _serve(self, role: str, end: socket.socket, raw: IO[bytes], log: IO[str]) -> None:
        if end.fileno() < 0:
            return  # dropped while its last event waited
        if role == SERVER:
            client, _ = self._server.accept()
            client.setblocking(False)  # who does not read is dropped, and holds up nobody
            self._clients.add(client)
            self._selector.register(client, selectors.EVENT_READ, CLIENT)
        elif role in (BOARD, CLIENT):
            try:
                data = end.recv(CHUNK)
            except OSError:
                data = b""
            if not data:
                self._drop(end)
            elif role == BOARD:
                raw.write(data)
                self.received += len(data)
                self._note("board", data, log)
                for client in list(self._clients):
                    try:
                        client.sendall(data)
                    except OSError:
                        self._drop(client)
            else:
                self._note("client", data, log)
                self.write(data)

    def _drop(self, end: socket.socket) -> None:
        self._selector.unregister(end)
        end.close()
        self._clients.discard(end)
        if end is self._board:
            self._board = None
            self._connected.clear()

    def _note(self, side: str, data: bytes, log: IO[str]) -> None:
        moment = datetime.now().isoformat(sep=" ", timespec="milliseconds")
        for line in self._sides[side].lines(data):
            log.write(f"{moment} {line}\n")


class _Side:
    """One direction of the line: finds text lines and SMP messages in the bytes."""

    def __init__(self, arrow: str) -> None:
        self._arrow = arrow
        self._decoder = Decoder()
        self._rest = b""

    def lines(self, data: bytes) -> list[str]:
        """What the new bytes complete, as text for the log."""
        messages = [f"{self._arrow} {_shown(message)}" for message in self._decoder.feed(data)]
        *whole, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-CHUNK:]
        texts = [line.rstrip(b"\r") for line in whole]
        return [
            f"{self._arrow} {text.decode(errors='backslashreplace')}"
            for text in texts
            if text and not text.startswith(SMP_LINES)
        ] + messages


def _shown(data: bytes) -> str:
    try:
        message = Message.decode(data)
    except MalformedError as error:
        return f"smp {error}"
    body = ", ".join(f"{name}={_short(value)}" for name, value in message.body.items())
    return f"smp {message.op.name.lower()} {message.group}/{message.command} #{message.sequence} {body}".rstrip()


def _short(value: Any) -> str:
    if isinstance(value, bytes) and len(value) > SHOWN_BYTES:
        return f"{value[:SHOWN_BYTES].hex()}... ({len(value)} bytes)"
    return value.hex() if isinstance(value, bytes) else repr(value)
