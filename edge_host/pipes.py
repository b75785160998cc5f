"""A bounded pipe of bytes between a guest and the other end of a connection; may be used from any threads."""

from __future__ import annotations

import threading
from collections.abc import Callable

from edge_host.streams import InputStream, IoError, OutputStream, StreamClosedError, StreamFailedError

CAPACITY = 64 * 1024

Changed = Callable[[], None]
"""Told, in any thread, that there may be bytes, room, an end or an error."""


class Pipe:
    """Bytes on their way. Both ends are told of every change through `changed`."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._lock = threading.Condition()
        self._bytes = bytearray()
        self._ended = False
        self._error: IoError | None = None
        self._changed: list[Changed] = []

    def on_change(self, changed: Changed) -> None:
        """Tell `changed` from now on."""
        with self._lock:
            self._changed.append(changed)

    def put(self, data: bytes) -> None:
        """Add bytes, also beyond the capacity; who writes asks `room` first. After the end they are dropped."""
        with self._lock:
            if not self._ended:
                self._bytes += data
        self._tell()

    def room(self) -> int:
        """How many bytes there is room for; 0 after the end."""
        with self._lock:
            return 0 if self._ended else max(0, self._capacity - len(self._bytes))

    def take(self, most: int) -> bytes | None:
        """Up to `most` bytes; none when there are none yet, None at the end. Raises `StreamFailedError`."""
        with self._lock:
            data = bytes(self._bytes[:most])
            del self._bytes[:most]
            if not data and self._error is not None:
                raise StreamFailedError(self._error)
            if not data and self._ended and most:
                return None
        if data:
            self._tell()
        return data

    def take_soon(self, most: int, seconds: float | None) -> bytes | None:
        """Like `take`, but waits so long for bytes or an end; gives no bytes when there were none in time."""
        with self._lock:
            self._lock.wait_for(lambda: self._bytes or self._ended, seconds)
        return self.take(most)

    def end(self) -> None:
        """No bytes follow."""
        with self._lock:
            self._ended = True
        self._tell()

    def fail(self, error: IoError) -> None:
        """No bytes follow, and something was lost; does nothing after the end."""
        with self._lock:
            if not self._ended:
                self._ended, self._error = True, error
        self._tell()

    def give_up(self) -> None:
        """Nobody reads any more."""
        with self._lock:
            self._ended = True
            self._bytes.clear()
        self._tell()

    @property
    def error(self) -> IoError | None:
        """What was lost."""
        return self._error

    @property
    def is_ended(self) -> bool:
        """Whether no bytes follow; some may still be there."""
        return self._ended

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return len(self._bytes)

    def readable(self) -> bool:
        """Whether `take` would give bytes, an end or an error."""
        return bool(self._bytes) or self._ended

    def _tell(self) -> None:
        with self._lock:
            self._lock.notify_all()
            changed = list(self._changed)
        for tell in changed:
            tell()


class PipeInput(InputStream):
    """The reading end of a pipe, for a guest."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def read(self, most: int) -> bytes:
        """See `InputStream.read`."""
        data = self._pipe.take(most)
        if data is None:
            raise StreamClosedError
        return data

    def ready(self) -> bool:
        """See `InputStream.ready`."""
        return self._pipe.readable()


class PipeOutput(OutputStream):
    """The writing end of a pipe, for a guest."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def write(self, data: bytes) -> None:
        """See `OutputStream.write`."""
        self._check()
        self._pipe.put(data)

    def room(self) -> int:
        """See `OutputStream.room`."""
        self._check()
        return self._pipe.room()

    def ready(self) -> bool:
        """See `OutputStream.ready`."""
        return self._pipe.is_ended or self._pipe.room() > 0

    def flush(self) -> None:
        """See `OutputStream.flush`."""
        self._check()

    def _check(self) -> None:
        if self._pipe.error is not None:
            raise StreamFailedError(self._pipe.error)
        if self._pipe.is_ended:
            raise StreamClosedError
