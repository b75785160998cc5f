"""Entries of the outbox's log, as bytes.

A segment of the log begins with `HEAD` (``ptoutbx1`` and the segment's number); entries follow, each ``crc32, length,
kind, stream, seconds`` (`ENTRY`, little-endian; `INNER` without the CRC) and its body. The CRC is over all that follows
and begins with the segment's number, so that what an earlier use of the same file left behind is no entry. `seconds`
count from the base time of the segment's snapshot. Bodies of other kinds than records are CBOR.
"""

from __future__ import annotations

import struct
from binascii import crc32  # the same as in zlib, which is a library of its own
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

HEAD = struct.Struct("<8sQ")
ENTRY = struct.Struct("<IHBHH")
CRC_BYTES = 4
INNER = struct.Struct("<HBHH")
PLACE = struct.Struct("<QI")
ORIGIN = struct.Struct("<QQ")
TRAILER = struct.Struct("<4sIQ")
MAGIC = b"ptoutbx1"
INDEX_MAGIC = b"ptix"

LONGEST = 0xFFFF
LATEST = 0xFFFF


class Kind(IntEnum):
    """What an entry is."""

    SNAPSHOT = 1
    """Everything the outbox knows at the beginning of the segment."""
    STREAM = 2
    """A stream's name and epoch; its number is the next free one."""
    RECORD = 3
    """The next record of its stream."""
    PLACED = 4
    """A record with its number and its weight (`PLACE`): how many records it stands for."""
    FROM_BOARD = 5
    """The next record of its stream, with start and number of the board's event (`ORIGIN`)."""
    GONE = 6
    """A stream has nothing up to this number any more; all of these numbers were given out."""
    SOURCE = 7
    """A device's start and the last event that is kept of it."""
    REFUSED = 8
    """How many records of a stream were refused and not told yet."""
    INDEX = 9
    """The segment is complete: which records it holds."""
    CLOSED = 10
    """The outbox was closed with everything on disk."""
    OPENED = 11
    """The outbox was opened again: numbers may be given out from here on; with a body, records may be in memory."""

    PADDING = 12
    """Nothing."""
    PACKED = 13
    """Other entries (`edge_host.outbox_packing`)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; `start` and `end` are where it lies in the file."""

    kind: int
    stream: int
    seconds: int
    body: bytes
    start: int
    end: int

    @property
    def record(self) -> bytes:
        """The record in the body."""
        if self.kind == Kind.PLACED:
            return self.body[PLACE.size :]
        return self.body[ORIGIN.size :] if self.kind == Kind.FROM_BOARD else self.body


def head(number: int) -> bytes:
    """The beginning of segment `number`."""
    return HEAD.pack(MAGIC, number)


def entry(number: int, kind: Kind, stream: int, seconds: int, body: bytes) -> bytes:
    """An entry of segment `number`."""
    rest = ENTRY.pack(0, len(body), kind, stream, seconds)[4:]
    return struct.pack("<I", crc32(body, crc32(rest, number & 0xFFFFFFFF))) + rest + body


def read(number: int, data: bytes, at: int = 0) -> Iterator[Entry]:
    """The entries in `data`, which lie `at` bytes from the segment's beginning; ends at the first that is none."""
    offset, seed = 0, number & 0xFFFFFFFF
    while offset + ENTRY.size <= len(data):
        crc, length, kind, stream, seconds = ENTRY.unpack_from(data, offset)
        end = offset + ENTRY.size + length
        if end > len(data) or crc32(data[offset + 4 : end], seed) != crc:
            return
        yield Entry(kind, stream, seconds, data[offset + ENTRY.size : end], at + offset, at + end)
        offset = end
