"""One file of the outbox's log, and which records lie in it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_host.outbox_entries import HEAD, INDEX_MAGIC, PLACE, TRAILER, Entry, Kind, entry, head, read
from edge_host.outbox_model import RECORD_OVERHEAD
from edge_host.outbox_packing import unpacked
from wire import cbor
from wire.errors import MalformedError

if TYPE_CHECKING:
    from edge_host.outbox_tail import Tail

FALLOC_FL_KEEP_SIZE = 1  # linux/falloc.h
RECORDS = (Kind.RECORD, Kind.PLACED, Kind.FROM_BOARD)


@dataclass
class Span:
    """The records of one stream in a segment: first and last number, how many, and the bytes they count."""

    first: int
    last: int
    count: int = 0
    bytes: int = 0

    def left(self, gone: int) -> tuple[int, int]:
        """How many records, and about how many bytes, have numbers above `gone`."""
        if gone < self.first:
            return self.count, self.bytes
        if gone >= self.last:
            return 0, 0
        count = self.count if self.count <= self.last - gone else self.last - gone
        return count, self.bytes * count // self.count


@dataclass
class Segment:
    """`through` is the number of the last segment that went into this one; `level` how often it was thinned out.

    What lies behind the first `flushed` bytes is in `tail`, where there is one.
    """

    path: Path
    number: int
    base: int = 0
    size: int = 0
    level: int = 0
    through: int = 0
    sealed: bool = False
    spans: dict[int, Span] = field(default_factory=dict)
    flushed: int = 0
    tail: Tail | None = None

    def note(self, stream: int, seq: int, size: int) -> None:
        """A record with this number lies here too."""
        span = self.spans.setdefault(stream, Span(seq, seq))
        span.last = seq
        span.count += 1
        span.bytes += size + RECORD_OVERHEAD

    def entries(self, offset: int = HEAD.size) -> Iterator[Entry]:
        """The entries from `offset` on; OSError when the file cannot be read."""
        with self.path.open("rb") as file:
            file.seek(offset)
            end = self.size if self.tail is None else self.flushed
            data = file.read(max(0, end - offset)) if self.size else file.read()
        if self.tail is not None:
            data += self.tail.read(max(0, offset - self.flushed))
        return unpacked(read(self.number, data, offset))

    def records(self, stream: int, offset: int = HEAD.size, seq: int = 0) -> Iterator[tuple[int, Entry]]:
        """The records of a stream with their numbers; one that does not carry its number is `seq`, then `seq` + 1."""
        at = seq or self.spans[stream].first
        for found in self.entries(offset):
            if found.stream == stream and found.kind == Kind.GONE:
                at = max(at, _decoded(found.body) + 1)
            elif found.stream == stream and found.kind in RECORDS:
                if found.kind == Kind.PLACED:
                    at = PLACE.unpack_from(found.body)[0]
                yield at, found
                at += 1

    def index(self) -> bytes:
        """What is written behind the last entry of a complete segment."""
        spans = {stream: [s.first, s.last, s.count, s.bytes] for stream, s in self.spans.items()}
        body = cbor.encode({"base": self.base, "level": self.level, "through": self.through, "spans": spans})
        return entry(self.number, Kind.INDEX, 0, 0, body) + TRAILER.pack(INDEX_MAGIC, self.size, self.number)


def read_sealed(path: Path, number: int) -> Segment | None:
    """A complete segment by its index; None when it has none."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if size < HEAD.size + TRAILER.size or file.read(HEAD.size) != head(number):
            return None
        file.seek(size - TRAILER.size)
        magic, start, own = TRAILER.unpack(file.read(TRAILER.size))
        if magic != INDEX_MAGIC or own != number or not HEAD.size <= start < size:
            return None
        file.seek(start)
        found = next(read(number, file.read(size - start - TRAILER.size), start), None)
    if found is None or found.kind != Kind.INDEX:
        return None
    index = _decoded(found.body)
    spans = {int(stream): Span(*span) for stream, span in index["spans"].items()}
    return Segment(path, number, index["base"], start, index["level"], index["through"], sealed=True, spans=spans)


def _decoded(body: bytes) -> Any:
    try:
        return cbor.decode(body, "index of the outbox")
    except MalformedError as error:
        raise OSError(str(error)) from None


def reserve(descriptor: int, size: int) -> None:
    """Let the file system set blocks aside for `size` bytes, where it can: the file's size stays as it is."""
    library = ctypes.CDLL(None)
    allocate = getattr(library, "fallocate64", None) or getattr(library, "fallocate", None)
    if allocate is not None:
        allocate(descriptor, FALLOC_FL_KEEP_SIZE, ctypes.c_int64(0), ctypes.c_int64(size))


def sync_folder(folder: Path) -> None:
    """Make new and removed names in `folder` last over a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
