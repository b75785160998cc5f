"""The newest end of the outbox's log, in memory that outlives the process: a file on a tmpfs.

It holds the bytes of the last segment that are not in the segment's file yet, as they will be written there. What is
acknowledged meanwhile is left out (`shortened`), so that it never costs a block of the disk. The file says which bytes
of the segment it continues; it is replaced as a whole, or grows at its end.
"""

from __future__ import annotations

import errno
import logging
import os
import stat
import struct
from binascii import crc32
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from edge_host.outbox_entries import Kind, entry, read
from edge_host.outbox_segment import RECORDS
from edge_host.outbox_state import State
from wire import cbor

log = logging.getLogger(__name__)

HEAD = struct.Struct("<8sQQI")
MAGIC = b"ptoutbt1"
MOUNTS = Path("/proc/self/mountinfo")
IN_MEMORY = ("tmpfs", "ramfs")


def is_in_memory(folder: Path) -> bool:
    """Whether a folder's files are in memory and on no disk."""
    try:
        number = folder.stat().st_dev
        lines = MOUNTS.read_text().splitlines()
    except OSError:
        return False
    device = f"{os.major(number)}:{os.minor(number)}"
    kinds = [line.partition(" - ")[2].split()[0] for line in lines if line.split()[2] == device]
    return bool(kinds) and kinds[-1] in IN_MEMORY


def tail_in(folder: Path | None, outbox: Path) -> Tail | None:
    """The tail of the outbox in `outbox`; None when `folder` is not in memory, or others may change files in it."""
    if folder is None:
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        log.warning("%s cannot be used for the outbox, its records go to the disk at once: %s", folder, error)
        return None
    if found.st_uid != os.geteuid() or found.st_mode & stat.S_IWOTH:
        log.warning("%s is not ours alone; records of the outbox go to the disk at once", folder)
        return None
    if not is_in_memory(folder):
        log.info("%s is not in memory (tmpfs); records of the outbox go to the disk at once", folder)
        return None
    return Tail(folder / f"outbox-{crc32(bytes(outbox.resolve())):08x}.tail")


class Tail:
    """The file; OSError when there is no room for it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1
        self.size = 0

    def left(self) -> tuple[int, int, int, bytes] | None:
        """What an earlier process left: segment, bytes before the tail, their CRC, and the tail; None for nothing."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        if len(data) < HEAD.size:
            return None
        magic, number, offset, crc = HEAD.unpack_from(data)
        return (number, offset, crc, data[HEAD.size :]) if magic == MAGIC else None

    def begin(self, number: int, offset: int, crc: int, data: bytes = b"") -> None:
        """Hold `data` and nothing else: it comes behind the first `offset` bytes of segment `number`."""
        fresh = self.path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _write(descriptor, HEAD.pack(MAGIC, number, offset, crc) + data, 0)
            fresh.rename(self.path)
        except OSError:
            os.close(descriptor)
            raise
        self.close()
        self._descriptor, self.size = descriptor, len(data)

    def append(self, data: bytes) -> None:
        """Hold `data` too."""
        _write(self._descriptor, data, HEAD.size + self.size)
        self.size += len(data)

    def read(self, start: int = 0) -> bytes:
        """What it holds, from byte `start` on."""
        return os.pread(self._descriptor, self.size - start, HEAD.size + start)

    def remove(self) -> None:
        """Everything is on the disk."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Close the file, which stays."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self.size = -1, 0


def shortened(number: int, data: bytes, state: State) -> bytes:
    """The tail `data` of segment `number` without the records that are gone: the end of each stream stays."""
    entries = list(read(number, data))
    counts = Counter(found.stream for found in entries if found.kind in RECORDS)
    streams = state.streams
    drop = {at: max(0, count - (streams[at].last - streams[at].gone)) for at, count in counts.items()}
    moved = {found.stream for found in entries if found.kind == Kind.GONE} | {at for at, n in drop.items() if n}
    refused = {found.stream for found in entries if found.kind == Kind.REFUSED}
    boards = {cbor.decode(found.body, "source")[0] for found in entries if found.kind == Kind.SOURCE}
    kept = []
    for found in entries:
        if found.kind in RECORDS and drop[found.stream]:
            drop[found.stream] -= 1
            boards |= {streams[found.stream].device} if found.kind == Kind.FROM_BOARD else set()
        elif found.kind not in (Kind.STREAM, Kind.GONE, Kind.REFUSED, Kind.SOURCE):
            kept.append(found)
    parts = [data[found.start : found.end] for found in entries if found.kind == Kind.STREAM]
    parts += [entry(number, Kind.GONE, at, 0, cbor.encode(streams[at].gone)) for at in sorted(moved)]
    parts += [data[found.start : found.end] for found in kept]
    parts += [entry(number, Kind.REFUSED, at, 0, state.refusals(at)) for at in sorted(refused)]
    parts += [entry(number, Kind.SOURCE, 0, 0, body) for body in _sources(state, boards)]
    return b"".join(parts)


def good(number: int, data: bytes, offset: int) -> bytes:
    """`data` up to its last good entry."""
    end = offset
    for found in read(number, data, offset):
        end = found.end
    return data[: end - offset]


def _sources(state: State, boards: Iterable[str]) -> Iterator[bytes]:
    for device in sorted(boards):
        for boot, seq in sorted(state.sources.get(device, {}).items()):
            yield cbor.encode([device, boot, seq])


def _write(descriptor: int, data: bytes, offset: int) -> None:
    if os.pwrite(descriptor, data, offset) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
