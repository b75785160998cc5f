"""Streams of bytes between a guest and whatever is behind: files, output lines, HTTP bodies, objects.

A stream never waits: it gives or takes what it can now, and `ready` says whether that is anything.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass

CHUNK = 64 * 1024
"""The most bytes that a stream gives or takes at once."""


@dataclass(frozen=True)
class IoError:
    """Why a stream failed: words for people, and the names that `wasi:filesystem` and `wasi:http` have for it."""

    text: str
    file_code: str | None = None
    http_code: object | None = None


class StreamClosedError(Exception):
    """The end of the stream, or nobody takes what is written any more."""


class StreamFailedError(Exception):
    """The stream is unusable."""

    def __init__(self, error: IoError) -> None:
        super().__init__(error.text)
        self.error = error


class InputStream(abc.ABC):
    """What a guest reads. Methods raise `StreamClosedError` at the end and `StreamFailedError`."""

    @abc.abstractmethod
    def read(self, most: int) -> bytes:
        """Up to `most` bytes that are there now; none when there are none yet."""

    def ready(self) -> bool:
        """Whether `read` would give something, an end or an error."""
        return True

    def close(self) -> None:
        """Let go of what is behind."""
        return


class OutputStream(abc.ABC):
    """What a guest writes. Methods raise `StreamClosedError` and `StreamFailedError`."""

    @abc.abstractmethod
    def write(self, data: bytes) -> None:
        """Take `data`, at most `room` bytes."""

    def room(self) -> int:
        """How many bytes can be taken now."""
        return CHUNK

    def flush(self) -> None:
        """Begin to pass on what was taken."""
        return

    def ready(self) -> bool:
        """Whether there is room, or an error to tell; and nothing left to flush."""
        return self.room() > 0

    def close(self) -> None:
        """Nothing is written any more."""
        return


class NoInput(InputStream):
    """Has ended."""

    def read(self, most: int) -> bytes:
        """See `InputStream.read`."""
        raise StreamClosedError


class LineOutput(OutputStream):
    """Gives each whole line to `tell`, and what is left when it is flushed at its end; long lines in parts."""

    LONGEST = 1024

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._rest = b""

    def write(self, data: bytes) -> None:
        """See `OutputStream.write`."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._say(line.removesuffix(b"\r"))
        while len(self._rest) > self.LONGEST:
            self._say(self._rest[: self.LONGEST])
            self._rest = self._rest[self.LONGEST :]

    def end(self) -> None:
        """Tell what has no end of line yet."""
        if self._rest:
            self._say(self._rest)
            self._rest = b""

    def _say(self, line: bytes) -> None:
        for start in range(0, max(1, len(line)), self.LONGEST):
            self._tell(line[start : start + self.LONGEST].decode("utf-8", "replace"))
