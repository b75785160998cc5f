"""Reads records out of the outbox's log."""

from __future__ import annotations

from collections.abc import Iterator

from edge_host.outbox_log import Log
from edge_host.outbox_model import Batch
from edge_host.outbox_segment import Segment
from edge_host.outbox_state import Stream

MOST_PLACEHOLDERS = 64
"""A longer gap between two records ends a batch."""


class Reader:
    """Remembers where each batch ended, because the next one begins there; needs the caller's lock.

    A place is a segment, where an entry begins in it, and the number of its stream's first record there.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._ends: dict[int, dict[int, tuple[int, int, int]]] = {}
        self._moves = 0

    def left(self, stream: Stream) -> tuple[int, int]:
        """How many records wait, and about how many bytes."""
        spans = (segment.spans.get(stream.id) for segment in self._log.segments)
        lefts = [span.left(stream.gone) for span in spans if span is not None]
        return sum(count for count, _ in lefts), sum(size for _, size in lefts)

    def batch(self, stream: Stream, after: int, most_bytes: int, most_records: int) -> Batch | None:
        """The records after number `after`, or None when there are none; one record may be larger than `most_bytes`."""
        records: list[bytes] = []
        first = size = 0
        for seq, record in self._records(stream, max(after, stream.gone)):
            size += len(record)
            gap = seq - first - len(records)
            if 0 < stream.untold <= seq:
                break
            if records and (size > most_bytes or len(records) + gap >= most_records or gap > MOST_PLACEHOLDERS):
                break
            first = first or seq
            records += [b""] * (seq - first - len(records))
            records.append(record)
        return Batch(stream.epoch, first, tuple(records)) if records else None

    def oldest(self, stream: Stream) -> int | None:
        """When the oldest record that waits was appended, in Unix ms."""
        for segment in self._log.segments:
            span = segment.spans.get(stream.id)
            if span is None or span.last <= stream.gone:
                continue
            for seq, entry in segment.records(stream.id, *self._begin(stream, stream.gone, segment)):
                if seq > stream.gone:
                    return (segment.base + entry.seconds) * 1000
        return None

    def _records(self, stream: Stream, after: int) -> Iterator[tuple[int, bytes]]:
        ends = self._known(stream)
        for seq in [seq for seq in ends if seq < stream.gone]:
            del ends[seq]
        for segment in list(self._log.segments):
            span = segment.spans.get(stream.id)
            if span is None or span.last <= after:
                continue
            start = first = 0
            for seq, entry in segment.records(stream.id, *self._begin(stream, after, segment)):
                if entry.start != start:
                    start, first = entry.start, seq
                if seq > after:
                    yield seq, entry.record
                    ends.pop(after, None)
                    ends[seq] = (segment.number, start, first)
                    after = seq

    def _known(self, stream: Stream) -> dict[int, tuple[int, int, int]]:
        if self._moves != self._log.moves:
            self._moves = self._log.moves
            self._ends.clear()
        return self._ends.setdefault(stream.id, {})

    def _begin(self, stream: Stream, after: int, segment: Segment) -> tuple[int, ...]:
        number, *place = self._known(stream).get(after, (0, 0, 0))
        return tuple(place) if number == segment.number else ()
