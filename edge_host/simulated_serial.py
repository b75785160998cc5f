"""A simulated serial port: what is sent comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable

from edge_host.labels import SerialLine

MOST_WAITING = 4096
"""Bytes that wait unread; newer ones are lost, as in a real port."""


class Loop(SerialLine):
    """A port whose output is wired to its input."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = bytearray()
        self._arrived: Callable[[], None] | None = None

    def open(self, arrived: Callable[[], None]) -> bool:
        """See `SerialLine.open`."""
        with self._lock:
            if self._arrived is not None:
                return False
            self._arrived = arrived
            self._waiting.clear()
            return True

    def read(self, most: int) -> bytes:
        """See `SerialLine.read`."""
        with self._lock:
            data = bytes(self._waiting[:most])
            del self._waiting[:most]
            return data

    def waiting(self) -> bool:
        """See `SerialLine.waiting`."""
        return bool(self._waiting)

    def write(self, data: bytes) -> None:
        """See `SerialLine.write`."""
        with self._lock:
            self._waiting += data[: MOST_WAITING - len(self._waiting)]
            arrived = self._arrived
        if arrived is not None and data:
            arrived()

    def discard(self) -> None:
        """See `SerialLine.discard`."""
        with self._lock:
            self._waiting.clear()

    def close(self) -> None:
        """See `SerialLine.close`."""
        with self._lock:
            self._arrived = None
