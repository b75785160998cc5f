"""Streams over open files, and the names that `wasi:filesystem` has for errors of the system."""

from __future__ import annotations

import errno
import os

from edge_host.streams import CHUNK, InputStream, IoError, OutputStream, StreamClosedError, StreamFailedError

_CODES = {
    errno.EACCES: "access",
    errno.EAGAIN: "would-block",
    errno.EALREADY: "already",
    errno.EBADF: "bad-descriptor",
    errno.EBUSY: "busy",
    errno.EDEADLK: "deadlock",
    errno.EDQUOT: "quota",
    errno.EEXIST: "exist",
    errno.EFBIG: "file-too-large",
    errno.EILSEQ: "illegal-byte-sequence",
    errno.EINPROGRESS: "in-progress",
    errno.EINTR: "interrupted",
    errno.EINVAL: "invalid",
    errno.EISDIR: "is-directory",
    errno.ELOOP: "loop",
    errno.EMLINK: "too-many-links",
    errno.EMSGSIZE: "message-size",
    errno.ENAMETOOLONG: "name-too-long",
    errno.ENODEV: "no-device",
    errno.ENOENT: "no-entry",
    errno.ENOLCK: "no-lock",
    errno.ENOMEM: "insufficient-memory",
    errno.ENOSPC: "insufficient-space",
    errno.ENOTDIR: "not-directory",
    errno.ENOTEMPTY: "not-empty",
    errno.ENOTSUP: "unsupported",
    errno.ENOTTY: "no-tty",
    errno.ENXIO: "no-such-device",
    errno.EOVERFLOW: "overflow",
    errno.EPERM: "not-permitted",
    errno.EPIPE: "pipe",
    errno.EROFS: "read-only",
    errno.ESPIPE: "invalid-seek",
    errno.ETXTBSY: "text-file-busy",
    errno.EXDEV: "cross-device",
}


def code(error: OSError) -> str:
    """The `error-code` of an error of the system."""
    return _CODES.get(error.errno or 0, "io")


def failed(error: OSError) -> StreamFailedError:
    """The failure of a stream that an error of the system is."""
    return StreamFailedError(IoError(error.strerror or str(error), code(error)))


class FileInput(InputStream):
    """Reads an open file, which it owns, from a place on."""

    def __init__(self, fd: int, place: int) -> None:
        self._fd = fd
        self._place = place

    def read(self, most: int) -> bytes:
        """See `InputStream.read`."""
        try:
            data = os.pread(self._fd, min(most, CHUNK), self._place)
        except OSError as error:
            raise failed(error) from None
        if not data and most:
            raise StreamClosedError
        self._place += len(data)
        return data

    def close(self) -> None:
        """See `InputStream.close`."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class FileOutput(OutputStream):
    """Writes to an open file, which it owns, from a place on, or always at its end."""

    def __init__(self, fd: int, place: int | None) -> None:
        self._fd = fd
        self._place = place

    def write(self, data: bytes) -> None:
        """See `OutputStream.write`."""
        rest = memoryview(data)
        try:
            while rest:
                if self._place is None:
                    size = os.pwritev(self._fd, [rest], 0, os.RWF_APPEND)
                else:
                    size = os.pwrite(self._fd, rest, self._place)
                    self._place += size
                rest = rest[size:]
        except OSError as error:
            raise failed(error) from None

    def close(self) -> None:
        """See `OutputStream.close`."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
