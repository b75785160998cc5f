"""Packs entries of the outbox's log before they go to the disk: many records of one sensor are alike.

A packed entry holds others without their CRC, one behind the other, deflated. Records that are acknowledged in time are
never packed, because they never go to the disk; zlib is loaded with the first that do.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

from edge_host.outbox_entries import CRC_BYTES, INNER, Entry, Kind, entry, read

log = logging.getLogger(__name__)

LEAST = 1024
"""Fewer bytes are written as they are: a block of the disk is written whole anyway."""

MOST = 48 * 1024
"""Entries are packed together up to so many bytes, unless one is longer."""

LEVEL, WINDOW, MEMORY = 6, -13, 6
"""Of deflate: a window of 8 KiB without head and checksum, and about 64 KB of memory while it works."""


def packed(number: int, data: bytes) -> bytes:
    """The entries of segment `number` in `data`, packed where that makes them shorter."""
    if len(data) < LEAST:
        return data
    parts: list[bytes] = []
    group: list[bytes] = []
    begin = end = 0
    for found in read(number, data):
        if found.end - begin > MOST and group:
            parts.append(_shorter(number, group, data[begin:end]))
            group, begin = [], end
        group.append(data[found.start + CRC_BYTES : found.end])
        end = found.end
    parts.append(_shorter(number, group, data[begin:end]))
    return b"".join(parts) if end == len(data) else data


def unpacked(entries: Iterable[Entry]) -> Iterator[Entry]:
    """All entries, those that are packed too; each of these begins and ends where the packed one does.

    It ends at the first that cannot be unpacked.
    """
    for found in entries:
        if found.kind != Kind.PACKED:
            yield found
            continue
        data, offset = _inflated(found.body), 0
        if not data:
            log.error("the packed entry at byte %d of the outbox is damaged", found.start)
            return
        while offset + INNER.size <= len(data):
            length, kind, stream, seconds = INNER.unpack_from(data, offset)
            offset += INNER.size + length
            yield Entry(kind, stream, seconds, data[offset - length : offset], found.start, found.end)


def _shorter(number: int, group: list[bytes], plain: bytes) -> bytes:
    import zlib  # noqa: PLC0415 - as long as the fleet answers it is not needed

    work = zlib.compressobj(LEVEL, zlib.DEFLATED, WINDOW, MEMORY)
    body = work.compress(b"".join(group)) + work.flush()
    if len(body) + INNER.size + CRC_BYTES >= len(plain):
        return plain
    return entry(number, Kind.PACKED, 0, 0, body)


def _inflated(body: bytes) -> bytes:
    import zlib  # noqa: PLC0415

    try:
        return zlib.decompressobj(WINDOW).decompress(body)
    except zlib.error:
        return b""
