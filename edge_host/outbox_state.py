"""What the outbox knows besides the records: its streams, where they stand, and which events of boards it has."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from edge_host.outbox_entries import ORIGIN, PLACE, Entry, Kind
from edge_host.outbox_segment import Segment
from wire import cbor


@dataclass
class Stream:
    """A stream of a device: `last` was appended, nothing up to `gone` is here any more, `refused` were not told yet.

    Not kept are `handed`, the highest number that was given out to be sent, `safe`, the last one that a power cut
    leaves, and `marked`, the last one at an earlier time (`edge_host.outbox.Outbox.keep_safe`). Records from `untold`
    on may come from their board once more, and then with other numbers, if the power is cut; 0 for none.
    """

    id: int
    device: str
    name: str
    epoch: int
    last: int = 0
    gone: int = 0
    refused: int = 0
    discarded: int = 0
    thinned: int = 0
    handed: int = 0
    safe: int = 0
    marked: int = 0
    untold: int = 0

    @property
    def risked(self) -> bool:
        """Whether a power cut would lose a record that is wanted."""
        return self.last > max(self.gone, self.safe)

    @property
    def untold_losses(self) -> str:
        """What became of records since that was told last, for people; empty for nothing."""
        counts = (
            (self.refused, "were refused"),
            (self.discarded, "were discarded, the oldest first,"),
            (self.thinned, "went into averages"),
        )
        told = (f"{count} records of stream {self.name} {what}" for count, what in counts if count)
        return "; ".join(f"{losses} because the outbox was full" for losses in told)

    def settle(self, seq: int) -> None:
        """No board sends records up to `seq` again."""
        if 0 < self.untold <= seq:
            self.untold = seq + 1 if seq < self.last else 0


@dataclass
class State:
    """The streams by their number; `boot` is the start of the machine in which the segment was begun.

    `tailed` says that records may be in memory besides (`edge_host.outbox_tail`); `mark` tells this outbox from others.

    Streams that are new have numbers above `floor`: a power cut may have taken an earlier stream of that name.
    """

    streams: list[Stream] = field(default_factory=list)
    sources: dict[str, dict[int, int]] = field(default_factory=dict)
    boot: str = ""
    closed: bool = False
    base: int = 0
    floor: int = 0
    tailed: bool = False
    mark: bytes = field(default_factory=lambda: os.urandom(8))

    def new_stream(self, device: str, name: str, epoch: int) -> Stream:
        """Note a stream."""
        stream = Stream(len(self.streams), device, name, epoch, self.floor, self.floor, safe=self.floor)
        self.streams.append(stream)
        return stream

    def skip(self, count: int) -> None:
        """Let the numbers of all streams, new ones too, go on so much further."""
        self.floor += count
        for stream in self.streams:
            stream.last += count

    def find(self, device: str, name: str) -> Stream | None:
        """The stream `name` of a device."""
        return next((s for s in self.streams if s.device == device and s.name == name), None)

    def source(self, device: str, boot: int) -> int:
        """The last event of a board's start that is kept, 0 for none."""
        return self.sources.get(device, {}).get(boot, 0)

    def set_source(self, device: str, boot: int, seq: int) -> None:
        """Note it; only this start and the one before are remembered."""
        kept = {at: last for at, last in self.sources.get(device, {}).items() if at in (boot, boot - 1)}
        self.sources[device] = kept | {boot: seq}

    def snapshot(self) -> bytes:
        """All of it, as a new segment begins with."""
        streams = [[s.device, s.name, s.epoch, s.last, s.gone, s.refused, s.discarded, s.thinned] for s in self.streams]
        sources = [[d, b, seq] for d, starts in self.sources.items() for b, seq in starts.items()]
        kept = {"streams": streams, "sources": sources, "boot": self.boot, "base": self.base, "floor": self.floor}
        return cbor.encode(kept | {"tailed": self.tailed, "mark": self.mark})

    def refusals(self, stream: int) -> bytes:
        """The body of an entry that says what of a stream was not told yet."""
        of = self.streams[stream]
        return cbor.encode([of.refused, of.discarded, of.thinned])

    def apply(self, segment: Segment, entry: Entry) -> None:
        """Take an entry of a segment, in order."""
        self.closed = entry.kind in (Kind.CLOSED, Kind.INDEX) and (self.closed or entry.kind == Kind.CLOSED)
        if entry.kind == Kind.SNAPSHOT:
            self._restore(cbor.decode(entry.body, "snapshot of the outbox"))
            segment.base = self.base
        elif entry.kind == Kind.STREAM:
            self.new_stream(*cbor.decode(entry.body, "stream of the outbox"))
        elif entry.kind in (Kind.RECORD, Kind.FROM_BOARD, Kind.PLACED):
            stream = self.streams[entry.stream]
            stream.last = PLACE.unpack_from(entry.body)[0] if entry.kind == Kind.PLACED else stream.last + 1
            segment.note(stream.id, stream.last, len(entry.record))
            if entry.kind == Kind.FROM_BOARD:
                self.set_source(stream.device, *ORIGIN.unpack_from(entry.body))
        elif entry.kind == Kind.GONE:
            stream = self.streams[entry.stream]
            stream.gone = cbor.decode(entry.body, "end of records")
            stream.last = max(stream.last, stream.gone)
        elif entry.kind == Kind.OPENED:
            self.tailed = bool(entry.body)
        elif entry.kind == Kind.SOURCE:
            self.set_source(*cbor.decode(entry.body, "source of the outbox"))
        elif entry.kind == Kind.REFUSED:
            stream = self.streams[entry.stream]
            stream.refused, stream.discarded, stream.thinned = cbor.decode(entry.body, "refusals of the outbox")

    def _restore(self, kept: Any) -> None:
        self.boot, self.base, self.floor = kept["boot"], kept["base"], kept["floor"]
        self.tailed, self.mark = kept.get("tailed", False), kept.get("mark", self.mark)
        self.streams = [
            Stream(at, device, name, epoch, *numbers)
            for at, (device, name, epoch, *numbers) in enumerate(kept["streams"])
        ]
        self.sources = {}
        for device, boot, seq in kept["sources"]:
            self.sources.setdefault(device, {})[boot] = seq
