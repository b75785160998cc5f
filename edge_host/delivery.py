"""Sends the outbox to the fleet in batches and takes its acknowledgements.

A few batches of a stream may be on their way. What the fleet does not acknowledge in time, or was on its way when the
connection broke, is sent again from the first record that is not acknowledged. In time means ten seconds at first, and
twice as long as an acknowledgement took lately; while the line carries what was sent, nothing is sent again. After a
loss little is sent at once, and more with each acknowledgement, so that a slow line carries every record once. Idle
streams cost nothing. Events of all devices go before telemetry, whose streams take turns.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from edge_host.outbox import EVENT, STREAMS, TELEMETRY, Batch, Outbox, Position
from wire import topics
from wire.messages import Ack, Event, EventBatch, TelemetryBatch

RESEND_SECONDS = 10.0
LONGEST_RESEND_SECONDS = 120.0
LONGEST_PROBE_SECONDS = 30.0
"""Without an answer, so that a leaf that has its line again need not wait long; longer where answers took longer."""
GATHER_SECONDS = 0.05
BATCH_BYTES = 32 * 1024
BATCH_RECORDS = 256
WINDOW_RECORDS = 2048
PROBE_RECORDS = 32
"""As many are sent after a loss, before the first acknowledgement."""

Publish = Callable[[str, str, bytes], bool]
"""Publishes (device, kind, payload); False when there is no connection."""


@dataclass
class _Progress:
    """Of one stream: `timed` is a record whose acknowledgement is timed, and when it was sent first."""

    acknowledged: int = 0
    sent: int = 0
    resend_at: float | None = None
    window: int = BATCH_RECORDS
    patience: float = field(default_factory=lambda: RESEND_SECONDS)
    timed: tuple[int, float] | None = None

    def acknowledge(self, seq: int, now: float) -> None:
        """The fleet has everything up to `seq`: the line can do more."""
        self.acknowledged = seq
        self.window = min(WINDOW_RECORDS, 2 * self.window)
        if self.timed is not None and seq >= self.timed[0]:
            self.patience = min(LONGEST_RESEND_SECONDS, max(RESEND_SECONDS, 2 * (now - self.timed[1])))
            self.timed = None
        self.resend_at = None if self.sent <= seq else now + self.patience

    def again(self, window: int, patience: float) -> None:
        """Go back to the first record that is not acknowledged."""
        self.sent, self.resend_at, self.timed = self.acknowledged, None, None
        self.window, self.patience = window, min(LONGEST_RESEND_SECONDS, patience)


class Delivery:
    """Moves records of all devices of the site; belongs to the event loop's thread, but for `wake`."""

    def __init__(
        self,
        outbox: Outbox,
        devices: Iterable[str],
        publish: Publish,
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        """`ready` tells whether the line takes more now; where it did not, `wake` tells that it does."""
        self._outbox = outbox
        self._publish = publish
        self._ready = ready
        names = list(devices)
        self._progress = {(device, stream): _Progress() for stream in STREAMS for device in names}
        self._turn = -1
        self._loop = asyncio.get_running_loop()
        self._wanted = asyncio.Event()
        self._wanted.set()

    def wake(self) -> None:
        """Records were appended; may be called from any thread."""
        self._loop.call_soon_threadsafe(self._wanted.set)

    def reconnected(self) -> None:
        """Send again everything that is not acknowledged."""
        for progress in self._progress.values():
            progress.again(BATCH_RECORDS, RESEND_SECONDS)
        self._wanted.set()

    def acknowledge(self, device: str, ack: Ack) -> list[tuple[str, Position]]:
        """Take an acknowledgement; gives the streams and positions that were meant for this outbox."""
        taken = []
        for stream, pair in ((TELEMETRY, ack.telemetry), (EVENT, ack.event)):
            if pair is None or not self._outbox.acknowledge(device, stream, Position(*pair)):
                continue
            progress = self._progress[device, stream]
            if pair[1] > progress.acknowledged:
                progress.acknowledge(pair[1], self._loop.time())
            progress.sent = max(progress.sent, progress.acknowledged)
            taken.append((stream, Position(*pair)))
        self._wanted.set()
        return taken

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._next_resend()):
                    await self._wanted.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._wanted.clear()
            for device, stream in self._turns():
                self._send(device, stream, self._progress[device, stream])

    def _turns(self) -> list[tuple[str, str]]:
        """Events first; of the telemetry another device's each time, so that a full line shuts out nobody."""
        each = len(self._progress) // len(STREAMS)
        events, telemetry = list(self._progress)[:each], list(self._progress)[each:]
        self._turn = (self._turn + 1) % each
        return [*events, *telemetry[self._turn :], *telemetry[: self._turn]]

    def _next_resend(self) -> float | None:
        times = [progress.resend_at for progress in self._progress.values() if progress.resend_at is not None]
        return max(0.0, min(times) - self._loop.time()) if times else None

    def _send(self, device: str, stream: str, progress: _Progress) -> None:
        now = self._loop.time()
        if progress.resend_at is not None and now >= progress.resend_at:
            if self._ready():
                progress.again(PROBE_RECORDS, max(progress.patience, min(LONGEST_PROBE_SECONDS, 2 * progress.patience)))
            else:
                progress.resend_at = now + progress.patience
        while (room := progress.window - (progress.sent - progress.acknowledged)) > 0 and self._ready():
            batch = self._outbox.batch(device, stream, progress.sent, BATCH_BYTES, min(BATCH_RECORDS, room))
            if batch is None or (batch.first > progress.sent + 1 and progress.sent > progress.acknowledged):
                return  # records before a gap must have arrived before `held` may tell that the gap is empty
            held = batch.first if progress.sent == progress.acknowledged else progress.acknowledged + 1
            kind = topics.TELEMETRY if stream == TELEMETRY else topics.EVENT
            if not self._publish(device, kind, _encode(stream, batch, held)):
                return
            progress.acknowledged = held - 1
            progress.sent = batch.last
            progress.resend_at = progress.resend_at or now + progress.patience
            progress.timed = progress.timed or (batch.last, now)


def _encode(stream: str, batch: Batch, held: int) -> bytes:
    if stream == TELEMETRY:
        return TelemetryBatch(batch.epoch, batch.first, batch.records, held).encode()
    return EventBatch(batch.epoch, batch.first, tuple(map(_event, batch.records)), held).encode()


def _event(record: bytes) -> Event | None:
    return Event.decode(record) if record else None
