"""The durable outbox: records of every device of the site, kept until the fleet acknowledges them (formats, section 7).

Records of one device and stream are numbered 1, 2, 3, ... within the device's **epoch**, the Unix time in ms when the
device first had a record. They lie in a log (`edge_host.outbox_log`): what was appended survives ``kill -9`` at once,
and a power cut at once (events) or after some time (telemetry and log lines, which share a synchronisation, and need
none when they are acknowledged first). After a power cut the numbers go on far behind the last one that is known, so
that no number is given to two records.

Each class of records has a bound in bytes and a rule for what happens there (`edge_host.outbox_model`). Nothing is lost
silently: what was refused, discarded or thinned out is counted and told in a ``dropped`` event.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from math import inf
from pathlib import Path

from edge_host.errors import OutboxFullError
from edge_host.outbox_entries import LONGEST, ORIGIN, Kind
from edge_host.outbox_log import Log
from edge_host.outbox_model import (
    EVENT,
    RECORD_OVERHEAD,
    STREAMS,
    TELEMETRY,
    Batch,
    ClassStatistics,
    Discard,
    OutboxPolicy,
    OutboxStatistics,
    Position,
)
from edge_host.outbox_reading import Reader
from edge_host.outbox_room import compact, make_room, remove_unwanted
from edge_host.outbox_state import Stream
from edge_host.outbox_syncer import Syncer
from edge_host.outbox_tail import tail_in
from wire import cbor
from wire.messages import Event, EventKind, QueueDepth, unix_ms

__all__ = ["EVENT", "STREAMS", "TELEMETRY", "Batch", "Outbox", "OutboxPolicy", "Position"]

log = logging.getLogger(__name__)

SKIP = 1_000_000
"""Numbers left out after a power cut: more than can have been given out since the last synchronisation."""

SEGMENT_BYTES = 256 * 1024
LEAST_SEGMENT_BYTES = 4096
THINNED_SEGMENT_BYTES = 64 * 1024
"""Two segments are averaged while everybody waits: some 2,000 records."""

SYNC_BYTES = 32 * 1024
"""So much that is not acknowledged, some 500 measurements, does not wait for `OutboxPolicy.sync_seconds`: packed, and
with what the file system writes besides, it costs the flash less than its own length."""

BUSY_SECONDS = 5.0
"""So long it waits instead."""

MOST_BYTES = 192 * 1024
"""So much does not wait."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def this_boot() -> str:
    """What names this start of the machine; empty where nothing does."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ""


class Outbox:
    """The outbox in one folder; its methods may be called from any thread."""

    def __init__(self, folder: Path, policy: OutboxPolicy | None = None, boot: str | None = None) -> None:
        """Open or make the outbox in `folder`; `boot` names this start of the machine."""
        self._policy = policy or OutboxPolicy()
        self._lock = threading.Lock()
        bounds = self._policy.telemetry.bytes + self._policy.event.bytes
        smallest = min(self._policy.telemetry.bytes, self._policy.event.bytes)
        most = THINNED_SEGMENT_BYTES if self._policy.telemetry.discard == Discard.THIN_OUT else SEGMENT_BYTES
        segment = max(LEAST_SEGMENT_BYTES, min(most, smallest // 16))
        self._most_on_disk = bounds + bounds // 4 + 4 * segment
        self._log = Log(folder, segment, tail_in(self._policy.memory, folder))
        self._state = self._log.load()
        self._reader = Reader(self._log)
        self._statistics = {name: ClassStatistics(self._policy.of(name).bytes) for name in STREAMS}
        self._shorter = self._behind = self._closed = False
        self._urgent_bytes, self._marked_at = SYNC_BYTES, 0.0
        self._open(this_boot() if boot is None else boot)
        self._syncer = Syncer(self.keep_safe, self._policy.sync_seconds / 2)

    def close(self) -> None:
        """Put everything on disk and close the files."""
        if self._closed:
            return
        self._closed = True
        self._syncer.close()
        try:
            with self._transaction():
                for stream in self._state.streams:
                    if stream.refused or stream.discarded or stream.thinned:
                        self._write_refused(stream)
                self._log.append(Kind.CLOSED, 0, self._now(), b"")
            self.sync()
        except OutboxFullError as error:
            log.error("%s", error)
        finally:
            self._log.close()

    def append(self, device: str, stream: str, record: bytes, *, safe: bool | None = None) -> Position:
        """Keep a record; raises `OutboxFullError` at the bound.

        With `safe`, and by default for events, it returns when a power cut does not lose the record any more.
        """
        with self._transaction():
            into = self._stream(device, stream)
            self._make_room(into, record)
            self._tell(into)
            through = stream == EVENT if safe is None else safe
            position = self._append(Kind.RECORD, into, record, b"", through=through)
        self._settle(through or into.last - into.safe > SKIP // 2)
        return position

    def append_from_board(self, device: str, boot: int, seq: int, stream: str, record: bytes) -> Position | None:
        """Keep record `seq` of a board's start `boot`; None when it was kept before. Raises `OutboxFullError`.

        It is given out to be sent after `told` or `sync`.
        """
        with self._transaction():
            if seq <= self._state.source(device, boot):
                return None
            into = self._stream(device, stream)
            self._make_room(into, record)
            self._tell(into)
            position = self._append(Kind.FROM_BOARD, into, record, ORIGIN.pack(boot, seq))
            self._state.set_source(device, boot, seq)
            into.untold = into.untold or position.seq
        self._settle(into.last - into.safe > SKIP // 2)
        return position

    def told(self, device: str, stream: str, position: Position) -> None:
        """A board knows that everything up to `position` is kept, and will not send it again."""
        with self._lock:
            found = self._state.find(device, stream)
            if found is not None and found.epoch == position.epoch:
                found.settle(position.seq)

    def settle(self, device: str) -> None:
        """A board is gone and can be told no more: make what it was not told safe."""
        with self._lock:
            untold = any(stream.untold for stream in self._state.streams if stream.device == device)
        if untold and not self._closed:
            with contextlib.suppress(OutboxFullError):  # it is tried again
                self.sync()

    def source(self, device: str, boot: int) -> int:
        """The last event of a board's start `boot` that is kept, 0 for none."""
        with self._lock:
            return self._state.source(device, boot)

    def set_source(self, device: str, boot: int, seq: int) -> None:
        """Go on after event `seq`: the board no longer has those before it, or counts anew."""
        with self._transaction():
            if self._state.source(device, boot) == seq and boot in self._state.sources.get(device, {}):
                return
            self._state.set_source(device, boot, seq)
            self._write(Kind.SOURCE, 0, cbor.encode([device, boot, seq]))
        self._settle(safe=False)

    def sync(self) -> None:
        """Return when a power cut loses nothing that was appended before; raises `OutboxFullError`."""
        try:
            with self._lock:
                self._shorten()
                mark, lasts = self._log.written, [stream.last for stream in self._state.streams]
            self._log.sync(mark, self._lock)
        except OSError as error:
            self._behind = True
            raise _unwritable(error) from error
        self._behind = False
        with self._lock:
            for stream, last in zip(self._state.streams, lasts, strict=False):
                stream.safe = max(stream.safe, last)
                stream.settle(last)

    def keep_safe(self, now: float | None = None) -> float | None:
        """Put on disk what has waited long enough; gives the seconds after which to call again, None for nothing left.

        What waits at a call and still does half of `sync_seconds` later (of `BUSY_SECONDS`, where much waits) goes to
        the disk then, with all that came since, so that nothing waits longer than twice that. `now` is monotonic.
        """
        now = time.monotonic() if now is None else now
        with self._lock:
            self._shorten()
            waiting, streams = self._log.waiting, self._state.streams
            patience = min(self._policy.sync_seconds, inf if waiting < SYNC_BYTES else BUSY_SECONDS) / 2
            due = self._behind or waiting >= MOST_BYTES
            if not any(stream.marked > max(stream.gone, stream.safe) for stream in streams):
                self._marked_at = now
                for stream in streams:
                    stream.marked = stream.last
            elif now - self._marked_at >= patience:
                due = True
            waits = any(stream.risked for stream in streams)
            self._urgent_bytes = SYNC_BYTES if due else max(SYNC_BYTES, waiting + SYNC_BYTES // 2)
        if due:
            self.sync()
        return max(0.0, self._marked_at + patience - now) if waits and not due else None

    def acknowledge(self, device: str, stream: str, position: Position) -> bool:
        """Remove everything up to `position`; False when it is of another epoch or was never appended."""
        with self._transaction():
            found = self._state.find(device, stream)
            if found is None or found.epoch != position.epoch or position.seq > found.last:
                return False
            if position.seq > found.gone:
                self._shorter = True
                before = self._reader.left(found)[0]
                found.gone = position.seq
                with contextlib.suppress(OSError):  # who does not know it after a restart sends again
                    self._write(Kind.GONE, found.id, cbor.encode(position.seq))
                    remove_unwanted(self._log, self._state)
                self._count(stream)
                self._statistics[stream].acknowledged += before - self._reader.left(found)[0]
            return True

    def batch(self, device: str, stream: str, after: int, most_bytes: int, most_records: int) -> Batch | None:
        """The records after number `after`, or None when there are none; one record may be larger than `most_bytes`."""
        with self._lock:
            found = self._state.find(device, stream)
            if found is None:
                return None
            batch = self._reader.batch(found, after, most_bytes, most_records)
            if batch is not None:
                found.handed = max(found.handed, batch.last)
            return batch

    def depth(self, device: str) -> QueueDepth:
        """How many records of the device wait, and since when."""
        with self._lock:
            streams = [stream for stream in self._state.streams if stream.device == device]
            counts = {stream.name: self._reader.left(stream)[0] for stream in streams}
            times = [at for stream in streams if (at := self._reader.oldest(stream)) is not None]
        return QueueDepth(counts.get(TELEMETRY, 0), counts.get(EVENT, 0), min(times, default=None))

    def statistics(self) -> OutboxStatistics:
        """What waits, and what happened since the start."""
        with self._lock:
            result = OutboxStatistics({}, self._log.disk_bytes, self._log.bytes_written, self._log.syncs)
            for name, kept in self._statistics.items():
                streams = [stream for stream in self._state.streams if stream.name == name]
                times = [at for stream in streams if (at := self._reader.oldest(stream)) is not None]
                records = sum(self._reader.left(stream)[0] for stream in streams)
                values = vars(kept) | {"records": records, "oldest": min(times, default=None)}
                result.classes[name] = ClassStatistics(**values)
            return result

    def _open(self, boot: str) -> None:
        changed = boot != self._state.boot or not boot
        lost = changed or (self._state.tailed and not self._log.found_tail)
        cut = bool(self._state.streams) and not self._state.closed and lost
        if cut:
            log.warning("the machine stopped without notice; records go on with numbers that were not given out")
            self._state.skip(SKIP)
        self._state.boot, self._state.tailed = boot, self._log.has_tail
        try:
            if not self._log.segments or self._log.active.sealed or changed or cut:
                self._log.begin(self._now(), self._snapshot)
            else:
                self._log.resume()
                self._log.append(Kind.OPENED, 0, self._now(), b"\x01" * self._log.has_tail)
            remove_unwanted(self._log, self._state)
        except OSError as error:
            raise _unwritable(error) from error
        self.sync()  # numbers are given out only once the next start will know that it was no kind stop
        for name in STREAMS:
            self._count(name)

    def _settle(self, safe: bool) -> None:
        if safe or self._policy.sync_seconds == 0:
            self.sync()
        else:
            self._syncer.wake(urgent=self._log.waiting >= self._urgent_bytes)

    def _shorten(self) -> None:
        """What is acknowledged need not go to the disk."""
        if self._shorter:
            self._shorter = False
            self._log.shorten(self._state)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except OSError as error:
                if not self._behind:
                    self._behind = True
                    self._syncer.wake(urgent=True)
                raise _unwritable(error) from error

    def _stream(self, device: str, name: str) -> Stream:
        found = self._state.find(device, name)
        if found is None:
            epoch = next((s.epoch for s in self._state.streams if s.device == device), None) or unix_ms()
            self._write(Kind.STREAM, 0, cbor.encode([device, name, epoch]))
            found = self._state.new_stream(device, name, epoch)
        return found

    def _append(self, kind: Kind, stream: Stream, record: bytes, prefix: bytes, *, through: bool = False) -> Position:
        self._write(kind, stream.id, prefix + record, through=through)
        stream.last += 1
        self._log.active.note(stream.id, stream.last, len(record))
        kept = self._statistics[stream.name]
        kept.appended += 1
        kept.bytes += len(record) + RECORD_OVERHEAD
        return Position(stream.epoch, stream.last)

    def _write(self, kind: Kind, stream: int, body: bytes, *, through: bool = False) -> None:
        now = self._now()
        for smaller in (self._shorten, self._log.flush):
            if self._log.full(len(body), now):
                smaller()
        if self._log.full(len(body), now):
            self._log.begin(now, self._snapshot)
            if self._log.disk_bytes > self._most_on_disk:
                compact(self._log, self._state)
        self._log.append(kind, stream, now, body, through=through)

    def _snapshot(self, seconds: int) -> bytes:
        self._state.base = seconds
        return self._state.snapshot()

    def _make_room(self, stream: Stream, record: bytes) -> None:
        if self._behind:
            self._log.flush()
        policy, kept = self._policy.of(stream.name), self._statistics[stream.name]
        size = len(record) + RECORD_OVERHEAD
        if len(record) > LONGEST - ORIGIN.size:
            raise OutboxFullError(f"a record of {len(record)} bytes is too large; allowed are {LONGEST - ORIGIN.size}")
        if kept.bytes + size <= policy.bytes:
            return
        if policy.discard != Discard.NEWEST and size <= policy.bytes:
            while kept.bytes + size > policy.bytes:
                gone, thinned = make_room(self._log, self._state, stream.name, policy.discard)
                kept.discarded += gone
                kept.thinned += thinned
                self._count(stream.name)
                if not gone and not thinned:
                    if not self._log.active.spans:
                        break
                    self._log.begin(self._now(), self._snapshot)
        if kept.bytes + size <= policy.bytes:
            return
        kept.refused += 1
        stream.refused += 1
        if stream.refused & (stream.refused - 1) == 0:
            self._write_refused(stream)
        raise OutboxFullError(
            f"the outbox holds {kept.bytes} of {policy.bytes} bytes of class {stream.name}; "
            "the fleet must acknowledge records first"
        )

    def _write_refused(self, stream: Stream) -> None:
        self._write(Kind.REFUSED, stream.id, self._state.refusals(stream.id))

    def _tell(self, stream: Stream) -> None:
        """Tell what became of records of the same device, now that there is room."""
        for lost in self._state.streams:
            if lost.device != stream.device or not lost.untold_losses:
                continue
            event = Event(unix_ms(), EventKind.DROPPED, level="warn", message=lost.untold_losses).encode()
            self._append(Kind.RECORD, self._stream(lost.device, EVENT), event, b"")
            lost.refused = lost.discarded = lost.thinned = 0
            self._write_refused(lost)

    def _count(self, name: str) -> None:
        self._statistics[name].bytes = sum(self._reader.left(s)[1] for s in self._state.streams if s.name == name)

    def _now(self) -> int:
        return int(time.time())


def _unwritable(error: OSError) -> OutboxFullError:
    return OutboxFullError(f"the outbox cannot be written: {error}; free space on its disk")
