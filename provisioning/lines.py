"""The serial line to a board: a device of pyserial's, or a TCP port in front of an emulated board.

pyserial opens `socket://` too, but sleeps 0.3 s whenever it closes one.
"""

import socket
import time
from typing import Protocol
from urllib.parse import urlsplit

import serial

from wire.smp import MAX_MESSAGE

READ_SECONDS = 0.05
SOCKET = "socket://"
WRITE_SECONDS = 5.0
OPEN_TRIES = 10
OPEN_PAUSE_SECONDS = 0.1
"""An emulator takes one client at a time, and listens again a moment after the last one has gone."""


class Line(Protocol):
    """An open line. What goes wrong is an OSError."""

    def read(self) -> bytes:
        """What the board has sent; nothing when that takes longer than a moment."""

    def write(self, data: bytes) -> None:
        """Send bytes to the board."""

    def close(self) -> None:
        """Close the line."""


def open_line(port: str, baud: int) -> Line:
    """Open the line behind `port`: `/dev/ttyACM0`, `COM3`, `socket://127.0.0.1:5001`. Raises OSError or ValueError."""
    if port.startswith(SOCKET):
        return SocketLine(port)
    return SerialLine(port, baud)


class SocketLine:
    """The TCP port that a `socket://` address names."""

    def __init__(self, port: str) -> None:
        parts = urlsplit(port)
        if parts.hostname is None or parts.port is None:
            raise ValueError(f"expected {SOCKET}HOST:PORT")
        self._socket = _connected((parts.hostname, parts.port))

    def read(self) -> bytes:
        """See `Line`."""
        self._socket.settimeout(READ_SECONDS)
        try:
            data = self._socket.recv(MAX_MESSAGE)
        except TimeoutError:
            return b""
        if not data:
            raise ConnectionResetError("it was closed at the other end")
        return data

    def write(self, data: bytes) -> None:
        """See `Line`."""
        self._socket.settimeout(WRITE_SECONDS)
        self._socket.sendall(data)

    def close(self) -> None:
        """See `Line`."""
        self._socket.close()


class SerialLine:
    """A serial device that this process alone uses, or another kind of address that pyserial knows."""

    def __init__(self, port: str, baud: int) -> None:
        self._serial = serial.serial_for_url(
            port, baudrate=baud, timeout=READ_SECONDS, exclusive=None if "://" in port else True
        )

    def read(self) -> bytes:
        """See `Line`."""
        return bytes(self._serial.read(max(1, min(self._serial.in_waiting, MAX_MESSAGE))))

    def write(self, data: bytes) -> None:
        """See `Line`."""
        self._serial.write(data)

    def close(self) -> None:
        """See `Line`."""
        self._serial.close()


def _connected(address: tuple[str, int]) -> socket.socket:
    for _ in range(OPEN_TRIES - 1):
        try:
            return socket.create_connection(address, WRITE_SECONDS)
        except ConnectionRefusedError:
            time.sleep(OPEN_PAUSE_SECONDS)
    return socket.create_connection(address, WRITE_SECONDS)
