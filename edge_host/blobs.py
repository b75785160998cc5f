"""Objects of bytes: one file each, in a folder for each workload and container; bounded in bytes for each workload.

The name of the file is the object's name with everything but letters, digits, `-` and `_` written as `%` and two
hexadecimal digits. A new object takes the place of an old one in one step, after its bytes are on the disk.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LONGEST_NAME = 64
_PLAIN = re.compile(rb"[A-Za-z0-9_-]")
_PART = ".part"


class BlobError(Exception):
    """What cannot be done; the text is for the guest."""


@dataclass(frozen=True)
class Info:
    """Size in bytes, and when it was made, in seconds since 1970."""

    size: int
    created: int


class Blobs:
    """A folder with containers; may be used from any thread."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._lock = threading.Lock()

    def of_workload(self, workload: str) -> Containers:
        """What the workload `workload` keeps here."""
        return Containers(self._folder / workload, self._limit, self._lock)

    def remove(self, workload: str) -> None:
        """Forget everything of a workload."""
        shutil.rmtree(self._folder / workload, ignore_errors=True)


class Containers:
    """The containers of one workload. Methods raise `BlobError`; names that are none are refused so too."""

    def __init__(self, folder: Path, limit: int, lock: threading.Lock) -> None:
        self._folder = folder
        self.limit = limit
        self._lock = lock

    def create(self, container: str) -> None:
        """Make a container; one that is there already stays as it is."""
        self._path(container).mkdir(parents=True, exist_ok=True)

    def exists(self, container: str) -> bool:
        """Whether there is this container."""
        return self._path(container).is_dir()

    def delete(self, container: str) -> None:
        """Forget a container with all its objects."""
        shutil.rmtree(self._path(container), ignore_errors=True)

    def info(self, container: str) -> Info:
        """When a container was made; its size is that of all its objects."""
        found = self._there(container)
        return Info(sum(_size(file) for file in found.iterdir()), int(found.stat().st_ctime))

    def names(self, container: str) -> list[str]:
        """The names of all objects."""
        return sorted(_name(file.name) for file in self._there(container).iterdir() if file.suffix != _PART)

    def open(self, container: str, name: str) -> int:
        """A file descriptor, of the caller from now on, to read an object; it stays readable when it is deleted."""
        try:
            return os.open(self._there(container) / _file(name), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise BlobError("no such object") from None

    def has(self, container: str, name: str) -> bool:
        """Whether there is this object."""
        return (self._there(container) / _file(name)).exists()

    def object_info(self, container: str, name: str) -> Info:
        """Size and age of an object."""
        try:
            found = (self._there(container) / _file(name)).stat()
        except FileNotFoundError:
            raise BlobError("no such object") from None
        return Info(found.st_size, int(found.st_mtime))

    def remove(self, container: str, name: str) -> None:
        """Forget an object; does nothing when it is not there."""
        (self._there(container) / _file(name)).unlink(missing_ok=True)

    def clear(self, container: str) -> None:
        """Forget all objects of a container."""
        for file in self._there(container).iterdir():
            file.unlink(missing_ok=True)

    def draft(self, limit: int) -> Draft:
        """Something to write a new object of at most `limit` bytes to."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return Draft(self._folder, limit)

    def keep(self, draft: Draft, container: str, name: str) -> None:
        """Make what was drafted the object `name`, in the place of what was there."""
        target = self._there(container) / _file(name)
        with self._lock:
            old = _size(target)
            if self._used() - old + draft.size > self.limit:
                raise BlobError(f"over-limit: more than {self.limit} bytes")
            draft.become(target)

    def read_into(self, draft: Draft, container: str, name: str) -> None:
        """Write the bytes of an object to a draft."""
        with os.fdopen(self.open(container, name), "rb") as file:
            while part := file.read(1 << 16):
                draft.write(part)

    def _used(self) -> int:
        return sum(_size(file) for file in self._objects())

    def _objects(self) -> Iterator[Path]:
        for container in self._folder.iterdir():
            if container.is_dir():
                yield from container.iterdir()

    def _path(self, container: str) -> Path:
        return self._folder / _file(container)

    def _there(self, container: str) -> Path:
        path = self._path(container)
        if not path.is_dir():
            raise BlobError("no such container")
        return path


class Draft:
    """A new object while it is written; `close` forgets it unless it was kept."""

    def __init__(self, folder: Path, limit: int) -> None:
        fd, name = tempfile.mkstemp(_PART, dir=folder)
        self._file: Path | None = Path(name)
        self._fd = fd
        self._limit = limit
        self.size = 0

    def write(self, data: bytes) -> None:
        """Add bytes; raises `BlobError` and `OSError`."""
        if self.size + len(data) > self._limit:
            raise BlobError(f"over-limit: more than {self._limit} bytes")
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._fd, rest) :]
        self.size += len(data)

    def become(self, target: Path) -> None:
        """Take the place of the file `target`."""
        if self._file is None:
            raise BlobError("it is an object already")
        os.fsync(self._fd)
        try:
            self._file.replace(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._copy(target)
        else:
            self._file = None
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _copy(self, target: Path) -> None:
        """The same for a file of another file system."""
        fd, name = tempfile.mkstemp(_PART, dir=target.parent)
        with os.fdopen(fd, "wb") as copy, os.fdopen(os.dup(self._fd), "rb") as written:
            written.seek(0)
            shutil.copyfileobj(written, copy)
            copy.flush()
            os.fsync(copy.fileno())
        Path(name).replace(target)

    def close(self) -> None:
        """Forget it, unless it was kept."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)
        if self._file is not None:
            self._file.unlink(missing_ok=True)


def _file(name: str) -> str:
    raw = name.encode("utf-8", "replace")
    if not 0 < len(raw) <= LONGEST_NAME:
        raise BlobError(f"invalid-name: names have 1 to {LONGEST_NAME} bytes")
    return "".join(chr(byte) if _PLAIN.match(bytes([byte])) else f"%{byte:02x}" for byte in raw)


def _name(file: str) -> str:
    return re.sub(rb"%([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), file.encode()).decode(
        "utf-8", "replace"
    )


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
