"""Makes room in the outbox: what is acknowledged goes, and at a bound the oldest records go or become averages."""

from __future__ import annotations

from collections.abc import Iterator

from edge_host.outbox_entries import PLACE, Kind
from edge_host.outbox_log import Log
from edge_host.outbox_model import Discard
from edge_host.outbox_segment import Segment
from edge_host.outbox_state import State
from edge_host.outbox_thinning import Weighted, thin
from wire import cbor

HIGHEST_LEVEL = 16
WORTH_IT = 0.9
"""Thinning that leaves more than this part of the bytes was for nothing."""


def remove_unwanted(log: Log, state: State) -> None:
    """Remove the complete segments of which everything is gone."""
    for segment in [segment for segment in log.segments[:-1] if not wanted(segment, state)]:
        log.remove(segment)


def wanted(segment: Segment, state: State) -> int:
    """How many bytes of records in a segment are not gone."""
    return sum(span.left(state.streams[stream].gone)[1] for stream, span in segment.spans.items())


def make_room(log: Log, state: State, name: str, rule: Discard) -> tuple[int, int]:
    """Discard or thin out the class `name` once; gives how many records were discarded, and how many thinned out."""
    if rule == Discard.THIN_OUT and (thinned := _thin_out(log, state, name)):
        return 0, thinned
    return _discard_oldest(log, state, name), 0


def compact(log: Log, state: State) -> None:
    """Write the wanted records of the emptiest complete segment anew, in its place."""
    segment = min(log.segments[:-1], key=lambda segment: wanted(segment, state) / segment.size, default=None)
    if segment is not None:
        kept = [(r.stream, r.seq, r.weight, r.seconds, r.record) for r in _records(segment, state)]
        log.replace([segment], kept, segment.level)


def _discard_oldest(log: Log, state: State, name: str) -> int:
    for segment in log.segments[:-1]:
        discarded = 0
        for number, span in segment.spans.items():
            stream = state.streams[number]
            if stream.name == name and span.last > stream.gone:
                count = span.left(stream.gone)[0]
                stream.gone = span.last
                stream.discarded += count
                discarded += count
                log.append(Kind.GONE, number, 0, cbor.encode(stream.gone))
        if discarded:
            remove_unwanted(log, state)
            return discarded
    return 0


def _thin_out(log: Log, state: State, name: str) -> int:
    """Thin out the segments with the finest records, the oldest of these first."""
    able = [segment for segment in log.segments[:-1] if _can_thin(segment, state, name)]
    if not able:
        return 0
    level = min(segment.level for segment in able)
    first = next(segment for segment in able if segment.level == level)
    at = log.segments.index(first)
    chosen = [first, *(s for s in log.segments[at + 1 : at + 2] if s in able and s.level == level)]
    before: list[Weighted] = []
    others: list[Weighted] = []
    for segment in chosen:
        for record in _records(segment, state):
            (before if state.streams[record.stream].name == name else others).append(record)
    after = thin(before)
    if sum(len(r.record) for r in after) > WORTH_IT * sum(len(r.record) for r in before):
        for segment in chosen:
            segment.level = HIGHEST_LEVEL
        return 0
    kept = [(r.stream, r.seq, r.weight, r.seconds, r.record) for r in (*others, *after)]
    log.replace(chosen, kept, level + 1)
    left: dict[int, int] = {}
    for record in after:
        left[record.stream] = left.get(record.stream, 0) + 1
    for record in before:
        left[record.stream] = left.get(record.stream, 0) - 1
    for number, fewer in left.items():
        state.streams[number].thinned -= fewer
    return len(before) - len(after)


def _can_thin(segment: Segment, state: State, name: str) -> bool:
    """Records that may be on their way to the fleet stay as they are."""
    mine = [(state.streams[n], span) for n, span in segment.spans.items() if state.streams[n].name == name]
    live = [(stream, span) for stream, span in mine if span.last > stream.gone]
    return segment.level < HIGHEST_LEVEL and bool(live) and all(span.first > s.handed for s, span in live)


def _records(segment: Segment, state: State) -> Iterator[Weighted]:
    for number in segment.spans:
        gone = state.streams[number].gone
        for seq, entry in segment.records(number):
            if seq > gone:
                weight = PLACE.unpack_from(entry.body)[1] if entry.kind == Kind.PLACED else 1
                yield Weighted(number, seq, weight, segment.base + entry.seconds, entry.record)
