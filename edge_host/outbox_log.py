"""The files of the outbox: a log in segments, ``<state>/outbox/<number>.log``.

Only the last segment is written to, at its end. What is written survives the end of the process at once, and a power
cut after `sync`; where there is a `edge_host.outbox_tail.Tail`, it is in memory alone until then, and is packed on its
way to the disk. Room for a whole segment is asked for at its beginning, and a segment of which nothing is wanted any
more is kept as ``spare`` for the next one: then a synchronisation changes less of the file system's own.
"""

from __future__ import annotations

import errno
import logging
import os
import struct
import threading
from binascii import crc32
from collections.abc import Callable, Iterable
from pathlib import Path

from edge_host.outbox_entries import ENTRY, HEAD, LATEST, PLACE, Kind, entry, head
from edge_host.outbox_packing import packed
from edge_host.outbox_segment import Segment, read_sealed, reserve, sync_folder
from edge_host.outbox_state import State
from edge_host.outbox_tail import Tail, good, shortened
from wire.errors import WireError

log = logging.getLogger(__name__)

BLOCK = 4096
MOST_PADDING = 1024
"""Each block that is begun is written once more with the next synchronisation."""

Placed = tuple[int, int, int, int, bytes]
"""A record for `Log.replace`: stream, number, weight, Unix time in seconds, bytes."""


class Log:
    """All methods but `sync` need the caller's lock. OSError when the disk does not take what is written."""

    def __init__(self, folder: Path, segment_bytes: int, tail: Tail | None = None) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._descriptor = -1
        self._syncing = threading.Lock()
        self._new_names = False
        self._tail = tail
        self._crc = 0
        self.segments: list[Segment] = []
        self.has_tail = tail is not None
        self.found_tail = False  # whole, as the process before left it
        self.written = self.synced = self.bytes_written = self.syncs = 0
        self.moves = 0  # grows when entries were moved
        self._flushed = self._flushed_synced = 0

    @property
    def active(self) -> Segment:
        """The segment that is written to."""
        return self.segments[-1]

    @property
    def disk_bytes(self) -> int:
        """How much the segments take."""
        return sum(segment.size for segment in self.segments)

    @property
    def waiting(self) -> int:
        """How many bytes a power cut would take."""
        if self._tail is None:
            return self.written - self.synced
        return self._tail.size + self._flushed - self._flushed_synced

    def load(self) -> State:
        """Find the segments and what they say; the last one is complete up to its last good entry."""
        self._take_tail()
        for file in self._folder.glob("*.new"):
            file.unlink()
        merged, state = 0, None
        for path in sorted(self._folder.glob("[0-9]*.log")):
            number = int(path.stem)
            if number <= merged:
                path.unlink()
                continue
            segment = read_sealed(path, number) or scanned(path, number)[0]
            merged = max(merged, segment.through)
            self.segments.append(segment)
        while self.segments and state is None:
            newest, state = scanned(self.active.path, self.active.number)
            if state is not None:
                self.segments[-1] = newest
            elif self.active.sealed:
                break
            else:
                self.segments.pop().path.unlink()
        if state is None and self.segments:
            self._set_aside()
        return state or State()

    def _take_tail(self) -> None:
        """Write what an earlier process left in memory behind what it belongs to."""
        left = self._tail.left() if self._tail is not None else None
        if left is None:
            return
        number, offset, crc, data = left
        path = self._path(number)
        if not path.exists() or offset > path.stat().st_size:
            return
        with path.open("r+b") as file:
            before = file.read(offset)
            if len(before) == offset and crc32(before) == crc:
                whole = good(number, data, offset)
                file.write(whole)
                if whole:
                    file.truncate()  # the same may be there already, packed, and padding behind it
                self.found_tail = len(whole) == len(data)

    def _set_aside(self) -> None:
        """Nothing tells whose records these are: keep the files for people, and begin anew."""
        log.error("the outbox in %s is damaged; its files are kept with the suffix .damaged", self._folder)
        for segment in self.segments:
            segment.path.rename(segment.path.with_suffix(".damaged"))
        self.segments = []

    def resume(self) -> None:
        """Go on writing at the end of the last segment."""
        self._descriptor = os.open(self.active.path, os.O_RDWR | os.O_CLOEXEC)
        self._crc = crc32(os.pread(self._descriptor, self.active.size, 0))
        self.active.flushed = self.active.size
        self._begin_tail()

    def full(self, size: int, seconds: int) -> bool:
        """Whether an entry with a body of that size, made at that Unix time, belongs into a new segment."""
        return self.active.size + size > self._segment_bytes or not 0 <= seconds - self.active.base <= LATEST

    def begin(self, seconds: int, snapshot: Callable[[int], bytes]) -> None:
        """Begin a new segment; the one before is completed and on disk."""
        number = self.active.number + 1 if self.segments else 1
        path = self._path(number)
        spare = self._folder / "spare"
        if spare.exists():
            spare.rename(path)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            reserve(descriptor, self._segment_bytes)
            data = head(number) + entry(number, Kind.SNAPSHOT, 0, 0, snapshot(seconds))
            self._write(descriptor, data, 0)
            if self.segments:
                self._seal()
        except OSError:
            os.close(descriptor)
            path.unlink()
            raise
        self._descriptor = descriptor
        self._new_names = True
        self.written += len(data)
        self.segments.append(Segment(path, number, seconds, len(data), flushed=len(data)))
        self._crc = crc32(data)
        self._begin_tail()

    def append(self, kind: Kind, stream: int, seconds: int, body: bytes, *, through: bool = False) -> None:
        """Write an entry behind the last one, with `through` into the segment's file.

        The caller notes a record in the segment.
        """
        segment = self.active
        data = entry(segment.number, kind, stream, min(LATEST, max(0, seconds - segment.base)), body)
        try:
            if through or self._tail is None:
                self.flush(data)
            else:
                self._tail.append(data)
                segment.size += len(data)
        except OSError:
            if through or self._tail is None:
                raise
            self.flush(data)
        self.written += len(data)

    def flush(self, more: bytes = b"") -> None:
        """Write what is in memory into the segment's file, and `more` behind it."""
        segment = self.active
        plain = data = (self._tail.read() if self._tail is not None else b"") + more
        if not data:
            return
        if self._tail is not None:
            data = packed(segment.number, plain)
            self.moves += data != plain
            data += _padding(segment.number, segment.flushed, len(data))
        try:
            self._write(self._descriptor, data, segment.flushed)
        except OSError:
            os.ftruncate(self._descriptor, segment.flushed)
            raise
        segment.size = segment.flushed = segment.flushed + len(data)
        self._crc = crc32(data, self._crc)
        if self._tail is not None:
            self._flushed += len(plain)
            self._begin_tail()

    def shorten(self, state: State) -> None:
        """Leave out what is in memory and gone."""
        segment = self.active
        if self._tail is None or not self._tail.size:
            return
        data = shortened(segment.number, self._tail.read(), state)
        if len(data) < self._tail.size:
            self._begin_tail(data)
            segment.size = segment.flushed + len(data)
            self.moves += 1

    def _begin_tail(self, data: bytes = b"") -> None:
        if self._tail is None:
            return
        segment = self.active
        try:
            self._tail.begin(segment.number, segment.flushed, self._crc, data)
        except OSError as error:
            if data:
                return
            log.warning("no memory for the end of the outbox, it goes to the disk at once: %s", error)
            self._tail.remove()  # what it holds is in the segment's file, and more will be behind it
            self._tail = segment.tail = None
        else:
            segment.tail = self._tail

    def sync(self, mark: int, lock: threading.Lock) -> None:
        """Return when everything up to `mark` of `written` is on disk; callers that wait share one synchronisation."""
        with self._syncing:
            if self.synced >= mark:
                return
            with lock:
                self.flush()
                reached, flushed, named = self.written, self._flushed, self._new_names
                descriptor = os.dup(self._descriptor)
                self._new_names = False
            try:
                os.fdatasync(descriptor)
                if named:
                    sync_folder(self._folder)
            finally:
                os.close(descriptor)
            self.synced = max(self.synced, reached)
            self._flushed_synced = max(self._flushed_synced, flushed)
            self.syncs += 1

    def remove(self, segment: Segment) -> None:
        """Nothing in a segment is wanted any more."""
        self.segments.remove(segment)
        spare = self._folder / "spare"
        if spare.exists():
            segment.path.unlink()
        else:
            segment.path.rename(spare)

    def replace(self, old: list[Segment], records: Iterable[Placed], level: int) -> Segment:
        """Put `records` in the place of neighbouring complete segments, as one of the thinning level `level`."""
        first = old[0]
        os.fdatasync(self._descriptor)  # from now on only the active segment tells what the streams are
        sync_folder(self._folder)
        fresh = Segment(first.path, first.number, first.base, HEAD.size, level, old[-1].number, sealed=True)
        parts = [head(first.number)]
        for stream, seq, weight, seconds, record in records:
            at = min(LATEST, max(0, seconds - first.base))
            parts.append(entry(first.number, Kind.PLACED, stream, at, PLACE.pack(seq, weight) + record))
            fresh.note(stream, seq, len(record))
            fresh.size += len(parts[-1])
        data = b"".join(parts)
        temporary = first.path.with_suffix(".new")
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            self._write(descriptor, data + fresh.index(), 0)
            os.fdatasync(descriptor)
        except OSError:
            temporary.unlink()
            raise
        finally:
            os.close(descriptor)
        temporary.rename(first.path)
        sync_folder(self._folder)
        self.moves += 1
        at = self.segments.index(first)
        self.segments[at : at + len(old)] = [fresh]
        for segment in old[1:]:
            segment.path.unlink()
        return fresh

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        if self._tail is not None:
            self._tail.remove() if not self._tail.size else self._tail.close()

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:010}.log"

    def _seal(self) -> None:
        segment = self.active
        if self._descriptor < 0:
            self._descriptor = os.open(segment.path, os.O_RDWR | os.O_CLOEXEC)
        else:
            self.flush()
        index = segment.index()
        self._write(self._descriptor, index, segment.size)
        os.ftruncate(self._descriptor, segment.size + len(index))
        os.fdatasync(self._descriptor)
        os.close(self._descriptor)
        segment.sealed = True
        segment.tail = None
        self.synced = self.written
        self._flushed_synced = self._flushed

    def _write(self, descriptor: int, data: bytes, offset: int) -> None:
        if os.pwrite(descriptor, data, offset) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.bytes_written += len(data)


def _padding(number: int, offset: int, size: int) -> bytes:
    """What fills the last block behind `size` bytes at `offset`, if as many more would not fit into it."""
    room = -(offset + size) % BLOCK
    fits = ENTRY.size <= room < min(size, MOST_PADDING)
    return entry(number, Kind.PADDING, 0, 0, bytes(room - ENTRY.size)) if fits else b""


def scanned(path: Path, number: int) -> tuple[Segment, State | None]:
    """A segment by its entries, and what the outbox knew at its end; None when it does not begin with that."""
    segment, state = Segment(path, number), State()
    with path.open("rb") as file:
        if file.read(HEAD.size) != head(number):
            return segment, None
    for found in segment.entries():
        if found.start == HEAD.size and found.kind != Kind.SNAPSHOT:
            return segment, None
        try:
            state.apply(segment, found)
        except (WireError, LookupError, TypeError, ValueError, struct.error) as error:
            log.error("%s: the entry at byte %d is damaged: %s", path, found.start, error)
            break
        if found.kind == Kind.INDEX:
            break
        segment.size = found.end
    return segment, state if segment.size else None
