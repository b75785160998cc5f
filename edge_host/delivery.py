"""Sends the outbox to the fleet in batches and takes its acknowledgements.

A few batches of a stream may be on their way; what is not acknowledged in ten seconds, or was on its way when the
connection broke, is sent again from the first record that is not acknowledged. Idle streams cost nothing. Events of
all devices go before telemetry.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from edge_host.outbox import EVENT, STREAMS, TELEMETRY, Batch, Outbox, Position
from wire import topics
from wire.messages import Ack, Event, EventBatch, TelemetryBatch

RESEND_SECONDS = 10.0
GATHER_SECONDS = 0.05
BATCH_BYTES = 32 * 1024
BATCH_RECORDS = 256
WINDOW_RECORDS = 2048

Publish = Callable[[str, str, bytes], bool]
"""Publishes (device, kind, payload); False when there is no connection."""


@dataclass
class _Progress:
    acknowledged: int = 0
    sent: int = 0
    resend_at: float | None = None


class Delivery:
    """Moves records of all devices of the site; belongs to the event loop's thread, but for `wake`."""

    def __init__(self, outbox: Outbox, devices: Iterable[str], publish: Publish) -> None:
        self._outbox = outbox
        self._publish = publish
        names = list(devices)
        self._progress = {(device, stream): _Progress() for stream in STREAMS for device in names}
        self._loop = asyncio.get_running_loop()
        self._wanted = asyncio.Event()
        self._wanted.set()

    def wake(self) -> None:
        """Records were appended; may be called from any thread."""
        self._loop.call_soon_threadsafe(self._wanted.set)

    def reconnected(self) -> None:
        """Send again everything that is not acknowledged."""
        for progress in self._progress.values():
            progress.sent = progress.acknowledged
            progress.resend_at = None
        self._wanted.set()

    def acknowledge(self, device: str, ack: Ack) -> list[tuple[str, Position]]:
        """Take an acknowledgement; gives the streams and positions that were meant for this outbox."""
        taken = []
        for stream, pair in ((TELEMETRY, ack.telemetry), (EVENT, ack.event)):
            if pair is None or not self._outbox.acknowledge(device, stream, Position(*pair)):
                continue
            progress = self._progress[device, stream]
            if pair[1] > progress.acknowledged:
                progress.acknowledged = pair[1]
                progress.resend_at = None if progress.sent <= pair[1] else self._loop.time() + RESEND_SECONDS
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
            for (device, stream), progress in self._progress.items():
                self._send(device, stream, progress)

    def _next_resend(self) -> float | None:
        times = [progress.resend_at for progress in self._progress.values() if progress.resend_at is not None]
        return max(0.0, min(times) - self._loop.time()) if times else None

    def _send(self, device: str, stream: str, progress: _Progress) -> None:
        if progress.resend_at is not None and self._loop.time() >= progress.resend_at:
            progress.sent, progress.resend_at = progress.acknowledged, None
        while progress.sent - progress.acknowledged < WINDOW_RECORDS:
            batch = self._outbox.batch(device, stream, progress.sent, BATCH_BYTES, BATCH_RECORDS)
            if batch is None or (batch.first > progress.sent + 1 and progress.sent > progress.acknowledged):
                return  # records before a gap must have arrived before `held` may tell that the gap is empty
            held = batch.first if progress.sent == progress.acknowledged else progress.acknowledged + 1
            kind = topics.TELEMETRY if stream == TELEMETRY else topics.EVENT
            if not self._publish(device, kind, _encode(stream, batch, held)):
                return
            progress.acknowledged = held - 1
            progress.sent = batch.last
            progress.resend_at = progress.resend_at or self._loop.time() + RESEND_SECONDS


def _encode(stream: str, batch: Batch, held: int) -> bytes:
    if stream == TELEMETRY:
        return TelemetryBatch(batch.epoch, batch.first, batch.records, held).encode()
    return EventBatch(batch.epoch, batch.first, tuple(map(_event, batch.records)), held).encode()


def _event(record: bytes) -> Event | None:
    return Event.decode(record) if record else None
