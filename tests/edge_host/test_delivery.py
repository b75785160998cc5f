"""Delivery of the outbox: batches, acknowledgements, what is sent again and when."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from edge_host import delivery as module
from edge_host.delivery import Delivery
from edge_host.outbox import EVENT, TELEMETRY, Outbox, OutboxPolicy, Position
from edge_host.outbox_model import ClassPolicy, Discard
from fleet.services.received import Received
from wire import senml, topics
from wire.messages import Ack, Event, EventBatch, TelemetryBatch

Story = Callable[[Delivery, Outbox, "Line"], Awaitable[None]]


class Line:
    """A connection that can be cut."""

    def __init__(self) -> None:
        self.up = True
        self.batches: list[TelemetryBatch] = []
        self.came = asyncio.Event()

    def publish(self, _device: str, kind: str, payload: bytes) -> bool:
        if self.up and kind == topics.TELEMETRY:
            self.batches.append(TelemetryBatch.decode(payload))
            self.came.set()
        return self.up

    async def next(self) -> TelemetryBatch:
        while not self.batches:
            self.came.clear()
            await asyncio.wait_for(self.came.wait(), 10)
        return self.batches.pop(0)


def play(folder: Path, story: Story) -> None:
    async def run() -> None:
        outbox, line = Outbox(folder / "outbox"), Line()
        delivery = Delivery(outbox, ["edge"], line.publish)
        task = asyncio.create_task(delivery.run())
        try:
            await story(delivery, outbox, line)
        finally:
            task.cancel()
            outbox.close()

    asyncio.run(run())


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GATHER_SECONDS", 0.001)
    monkeypatch.setattr(module, "RESEND_SECONDS", 0.05)


def test_records_go_out_in_batches_and_acknowledged_ones_only_once(tmp_path: Path) -> None:
    async def story(delivery: Delivery, outbox: Outbox, line: Line) -> None:
        positions = [outbox.append("edge", TELEMETRY, bytes([n])) for n in range(3)]
        delivery.wake()
        batch = await line.next()
        assert (batch.first, batch.records) == (1, (b"\0", b"\1", b"\2"))
        assert delivery.acknowledge("edge", Ack(telemetry=(batch.epoch, 3))) == [(TELEMETRY, positions[-1])]
        outbox.append("edge", TELEMETRY, b"\3")
        delivery.wake()
        assert (await line.next()).first == 4

    play(tmp_path, story)


def test_what_is_not_acknowledged_is_sent_again(tmp_path: Path) -> None:
    async def story(delivery: Delivery, outbox: Outbox, line: Line) -> None:
        for n in range(3):
            outbox.append("edge", TELEMETRY, bytes([n]))
        delivery.wake()
        first = await line.next()
        assert (await line.next()).records == first.records
        delivery.acknowledge("edge", Ack(telemetry=(first.epoch, 2)))
        while (again := await line.next()).first != 3:
            pass
        assert again.records == (b"\2",)
        delivery.acknowledge("edge", Ack(telemetry=(first.epoch, 3)))
        line.batches.clear()
        await asyncio.sleep(0.2)
        assert line.batches == []

    play(tmp_path, story)


def test_a_new_connection_begins_after_the_last_acknowledgement(tmp_path: Path) -> None:
    async def story(delivery: Delivery, outbox: Outbox, line: Line) -> None:
        line.up = False
        position = outbox.append("edge", TELEMETRY, b"a")
        outbox.append("edge", TELEMETRY, b"b")
        delivery.wake()
        await asyncio.sleep(0.02)
        delivery.acknowledge("edge", Ack(telemetry=(position.epoch, 1)))
        line.up = True
        delivery.reconnected()
        batch = await line.next()
        assert (batch.first, batch.records) == (2, (b"b",))

    play(tmp_path, story)


def test_acknowledgements_of_another_epoch_are_not_taken(tmp_path: Path) -> None:
    async def story(delivery: Delivery, outbox: Outbox, line: Line) -> None:
        position = outbox.append("edge", TELEMETRY, b"a")
        delivery.wake()
        await line.next()
        assert delivery.acknowledge("edge", Ack(telemetry=(position.epoch - 1, 1))) == []
        assert (await line.next()).first == 1

    play(tmp_path, story)


def test_large_streams_are_cut_into_batches(tmp_path: Path) -> None:
    async def story(delivery: Delivery, outbox: Outbox, line: Line) -> None:
        for n in range(10):
            outbox.append("edge", TELEMETRY, bytes([n]) * 10_000)
        delivery.wake()
        seen: list[bytes] = []
        while len(seen) < 10:
            batch = await line.next()
            if batch.first == len(seen) + 1:
                assert sum(map(len, batch.records)) <= module.BATCH_BYTES
                seen += batch.records
        assert seen == [bytes([n]) * 10_000 for n in range(10)]

    play(tmp_path, story)


def test_a_gap_is_told_once_everything_before_it_has_arrived(tmp_path: Path) -> None:
    """The fleet takes `held` for the end of what is missing: it must not hide records that are still on their way."""

    async def story(delivery: Delivery, outbox: Outbox, line: Line) -> None:
        for n in range(3):
            outbox.append("edge", TELEMETRY, bytes([n]))
        delivery.wake()
        before = await line.next()
        outbox.acknowledge("edge", TELEMETRY, Position(before.epoch, 2))
        cut = Outbox(shutil.copytree(tmp_path / "outbox", tmp_path / "cut"), boot="another")
        cut.append("edge", TELEMETRY, b"after")
        after_cut = Delivery(cut, ["edge"], line.publish)
        task = asyncio.create_task(after_cut.run())
        line.batches.clear()
        after_cut.wake()
        first = await line.next()
        assert (first.first, first.held, first.records) == (3, 3, (b"\2",))
        assert (await line.next()).first == 3
        after_cut.acknowledge("edge", Ack(telemetry=(first.epoch, 3)))
        while (behind := await line.next()).first == 3:
            pass
        assert behind.first > 1000
        assert behind.held == behind.first
        assert behind.records == (b"after",)
        task.cancel()

    play(tmp_path, story)


def test_discarded_records_are_not_waited_for_and_averages_stand_for_them(tmp_path: Path) -> None:
    async def run() -> None:
        policy = OutboxPolicy(telemetry=ClassPolicy(64 * 1024, Discard.THIN_OUT))
        outbox, line = Outbox(tmp_path / "outbox", policy), Line()
        for n in range(2000):
            outbox.append("edge", TELEMETRY, senml.encode(senml.Measurement("edge", "w", "t", "", n, 1e9 + n)))
        delivery = Delivery(outbox, ["edge"], line.publish)
        task = asyncio.create_task(delivery.run())
        received = Received()
        kept = 0
        while received.contiguous < 2000:
            batch = await line.next()
            if batch.held is not None:
                received = received.since(batch.held)
            new = received.missing(batch.first, batch.first + len(batch.records) - 1)
            kept += sum(bool(batch.records[seq - batch.first]) for a, b in new for seq in range(a, b + 1))
            received = received.add(batch.first, batch.first + len(batch.records) - 1)
            delivery.acknowledge("edge", Ack(telemetry=(batch.epoch, received.contiguous)))
        assert kept + outbox.statistics().classes[TELEMETRY].thinned == 2000
        assert outbox.depth("edge").telemetry == 0
        task.cancel()
        outbox.close()

    asyncio.run(run())


def test_events_go_before_telemetry(tmp_path: Path) -> None:
    async def run() -> None:
        outbox = Outbox(tmp_path / "outbox")
        sent: list[tuple[str, str]] = []
        done = asyncio.Event()

        def publish(device: str, kind: str, payload: bytes) -> bool:
            sent.append((device, kind))
            if kind == topics.EVENT:
                assert EventBatch.decode(payload).records == (Event(1, "log"),)
            if len(sent) == 4:
                done.set()
            return True

        for device in ("edge", "board"):
            outbox.append(device, TELEMETRY, b"x")
            outbox.append(device, EVENT, Event(1, "log").encode())
        task = asyncio.create_task(Delivery(outbox, ["edge", "board"], publish).run())
        await asyncio.wait_for(done.wait(), 10)
        task.cancel()
        outbox.close()
        assert sent == [(d, kind) for kind in (topics.EVENT, topics.TELEMETRY) for d in ("edge", "board")]

    asyncio.run(run())


def test_while_the_line_is_full_nothing_is_sent_twice(tmp_path: Path) -> None:
    async def run() -> None:
        outbox, line = Outbox(tmp_path / "outbox"), Line()
        for n in range(3):
            outbox.append("edge", TELEMETRY, bytes([n]) * 10_000)
        ready = True

        def publish(device: str, kind: str, payload: bytes) -> bool:
            nonlocal ready
            ready = False
            return line.publish(device, kind, payload)

        delivery = Delivery(outbox, ["edge"], publish, lambda: ready)
        task = asyncio.create_task(delivery.run())
        assert (await line.next()).first == 1
        outbox.append("edge", TELEMETRY, b"more")
        delivery.wake()
        await asyncio.sleep(4 * module.RESEND_SECONDS)
        assert line.batches == []
        ready = True
        delivery.wake()
        assert (await line.next()).first in (1, 4)
        task.cancel()
        outbox.close()

    asyncio.run(run())


def test_after_a_loss_little_is_sent_until_the_fleet_answers(tmp_path: Path) -> None:
    async def story(delivery: Delivery, outbox: Outbox, line: Line) -> None:
        for n in range(1000):
            outbox.append("edge", TELEMETRY, n.to_bytes(2, "big"))
        delivery.wake()
        assert len((await line.next()).records) == module.BATCH_RECORDS
        again = await line.next()
        assert (again.first, len(again.records)) == (1, module.PROBE_RECORDS)
        line.batches.clear()
        delivery.acknowledge("edge", Ack(telemetry=(again.epoch, module.PROBE_RECORDS)))
        more = await line.next()
        assert (more.first, len(more.records)) == (module.PROBE_RECORDS + 1, 2 * module.PROBE_RECORDS)

    play(tmp_path, story)


def test_streams_take_turns_on_a_full_line(tmp_path: Path) -> None:
    async def run() -> None:
        outbox = Outbox(tmp_path / "outbox")
        sent: list[str] = []
        ready = True

        def publish(device: str, _kind: str, _payload: bytes) -> bool:
            nonlocal ready
            ready = False
            sent.append(device)
            return True

        devices = ["edge", "board", "other"]
        for device in devices:
            for _ in range(10):
                outbox.append(device, TELEMETRY, bytes(20_000))
        delivery = Delivery(outbox, devices, publish, lambda: ready)
        task = asyncio.create_task(delivery.run())
        for _ in range(50):
            ready = True
            delivery.wake()
            await asyncio.sleep(0.01)
            if set(sent) == set(devices):
                break
        task.cancel()
        outbox.close()
        assert set(sent) == set(devices)

    asyncio.run(run())
