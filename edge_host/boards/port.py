"""A board's serial line as asynchronous bytes: a serial device, or a TCP socket in front of an emulated one.

A socket is paced to the line's baud rate (10 bits a byte), so that an emulated board is spoken to as fast as a real one
and no faster.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Protocol
from urllib.parse import urlsplit

from edge_host.errors import BoardSilentError

READ_BYTES = 4096
CONNECT_SECONDS = 5.0
BITS_PER_BYTE = 10


class Port(Protocol):
    """An open line."""

    async def read(self) -> bytes:
        """The next bytes; raises `BoardSilentError` when the line is closed."""

    async def write(self, data: bytes) -> None:
        """Returns when the bytes are out, about as long as the line takes for them."""

    def close(self) -> None:
        """Close the line."""


async def open_port(port: str, baud: int) -> Port:
    """Open the line of a board; raises `BoardSilentError`."""
    try:
        if port.startswith("socket://"):
            return await _SocketPort.open(port, baud)
        return _SerialPort(port, baud)
    except (OSError, ValueError, TimeoutError) as error:
        raise BoardSilentError(f"port {port} does not open: {error or 'no connection in time'}") from None


class _SocketPort:
    def __init__(self, port: str, baud: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._name = port
        self._byte_seconds = BITS_PER_BYTE / baud
        self._reader = reader
        self._writer = writer
        self._free_at = 0.0

    @classmethod
    async def open(cls, port: str, baud: int) -> _SocketPort:
        parts = urlsplit(port)
        async with asyncio.timeout(CONNECT_SECONDS):
            return cls(port, baud, *await asyncio.open_connection(parts.hostname, parts.port))

    async def read(self) -> bytes:
        try:
            data = await self._reader.read(READ_BYTES)
        except OSError as error:
            raise BoardSilentError(f"port {self._name}: {error}") from None
        if not data:
            raise BoardSilentError(f"port {self._name} was closed")
        return data

    async def write(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise BoardSilentError(f"port {self._name}: {error}") from None
        self._free_at = max(self._free_at, loop.time()) + len(data) * self._byte_seconds
        await asyncio.sleep(self._free_at - loop.time())

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._writer.close()


class _SerialPort:
    def __init__(self, port: str, baud: int) -> None:
        import serial  # noqa: PLC0415 - only hosts with real boards pay for it

        self._name = port
        self._line = serial.Serial(port, baud, timeout=0, write_timeout=0, exclusive=True)
        os.set_blocking(self._line.fileno(), False)

    async def read(self) -> bytes:
        await _ready(self._line.fileno(), writing=False)
        try:
            data = bytes(os.read(self._line.fileno(), READ_BYTES))
        except BlockingIOError:
            return b""
        except OSError as error:
            raise BoardSilentError(f"port {self._name}: {error.strerror}; is the board still attached?") from None
        if not data:
            raise BoardSilentError(f"port {self._name} was closed; is the board still attached?")
        return data

    async def write(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            await _ready(self._line.fileno(), writing=True)
            try:
                left = left[os.write(self._line.fileno(), left) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise BoardSilentError(f"port {self._name}: {error.strerror}; is the board still attached?") from None

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._line.close()


async def _ready(descriptor: int, *, writing: bool) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    add, remove = (loop.add_writer, loop.remove_writer) if writing else (loop.add_reader, loop.remove_reader)

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    add(descriptor, wake)
    try:
        await ready
    finally:
        remove(descriptor)
