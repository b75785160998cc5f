"""What goes from memory to the disk is packed; whoever reads sees the same entries."""

from __future__ import annotations

import os
import random
import shutil
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_host.errors import OutboxFullError
from edge_host.outbox import SYNC_BYTES, TELEMETRY, Outbox, OutboxPolicy
from edge_host.outbox_entries import LONGEST, Kind, entry, read
from edge_host.outbox_model import ClassPolicy, Discard
from edge_host.outbox_packing import MOST, packed, unpacked
from edge_host.outbox_syncer import Syncer
from wire import senml

BODIES = st.one_of(st.binary(max_size=60), st.integers(0, LONGEST).map(lambda n: random.Random(n).randbytes(n)))
ENTRIES = st.lists(
    st.tuples(st.sampled_from([Kind.RECORD, Kind.GONE, Kind.STREAM]), st.integers(0, 9), BODIES), max_size=10
)


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that counts as being in memory."""
    monkeypatch.setattr("edge_host.outbox_tail.is_in_memory", lambda _folder: True)
    return tmp_path / "memory"


def opened(folder: Path, memory: Path, boot: str = "one") -> Outbox:
    bound = ClassPolicy(1 << 22, Discard.NEWEST)
    return Outbox(folder, OutboxPolicy(bound, bound, sync_seconds=3600, memory=memory), boot=boot)


def measurements(count: int) -> list[bytes]:
    lots = random.Random(7)
    return [
        senml.encode(senml.Measurement("edge", "climate", "temperature", "Cel", round(lots.gauss(20, 2), 2), 1.7e9 + n))
        for n in range(count)
    ]


def waiting(outbox: Outbox, most: int = 256) -> list[bytes]:
    found: list[bytes] = []
    after = 0
    while (batch := outbox.batch("edge", TELEMETRY, after, 1 << 20, most)) is not None:
        found += [record for record in batch.records if record]
        after = batch.last
    return found


@given(ENTRIES, st.integers(1, 3))
def test_what_was_packed_is_read_as_it_was(bodies: list[tuple[Kind, int, bytes]], times: int) -> None:
    plain = b"".join(entry(3, kind, stream, 7, body) for kind, stream, body in bodies * times)
    short = packed(3, plain)
    assert len(short) <= len(plain)
    found = list(unpacked(read(3, short)))
    assert [(one.kind, one.stream, one.seconds, one.body) for one in found] == [
        (kind, stream, 7, body) for kind, stream, body in bodies * times
    ]
    assert not found or found[-1].end == len(short)


def test_what_is_no_entry_stays_as_it_is() -> None:
    plain = b"".join(entry(3, Kind.RECORD, 0, 0, bytes(50)) for _ in range(100))
    assert len(packed(3, plain)) < len(plain) // 10
    damaged = plain[:3000] + b"!" + plain[3001:]
    assert packed(3, damaged) == damaged


def test_a_packed_entry_that_is_damaged_ends_the_entries() -> None:
    good, bad = entry(3, Kind.RECORD, 0, 0, b"good"), entry(3, Kind.PACKED, 0, 0, b"\xff\xff\xff")
    assert [found.body for found in unpacked(read(3, good + bad + good))] == [b"good"]


def test_measurements_come_to_a_fraction_of_their_bytes_on_disk(tmp_path: Path, memory: Path) -> None:
    outbox = opened(tmp_path / "outbox", memory)
    records = measurements(300)
    begun = outbox.statistics().written_bytes
    for record in records:
        outbox.append("edge", TELEMETRY, record)
    outbox.sync()
    assert outbox.statistics().written_bytes - begun < sum(map(len, records)) / 3
    assert waiting(outbox) == records
    shutil.copytree(tmp_path / "outbox", tmp_path / "cut")
    assert waiting(opened(tmp_path / "cut", memory, boot="two")) == records


@pytest.mark.parametrize("most", [1, 7, 256])
def test_batches_go_on_in_the_middle_of_what_is_packed(tmp_path: Path, memory: Path, most: int) -> None:
    """Before and after records are packed, over several packed entries and what is in memory behind them."""
    outbox = opened(tmp_path / "outbox", memory)
    records = measurements(130)
    for record in records[:50]:
        outbox.append("edge", TELEMETRY, record)
    first = outbox.batch("edge", TELEMETRY, 0, 1 << 20, 20)
    assert first is not None
    outbox.sync()
    for n, record in enumerate(records[50:]):
        outbox.append("edge", TELEMETRY, record)
        if n == 40:
            outbox.sync()
    second = outbox.batch("edge", TELEMETRY, first.last, 1 << 20, most)
    assert second is not None
    assert [*first.records, *second.records] == records[: 20 + min(most, 110)]
    assert waiting(outbox, most) == records
    oldest = outbox.depth("edge").oldest
    assert oldest is not None
    assert outbox.statistics().classes[TELEMETRY].records == 130


class NoThread:
    """In the place of the thread that puts records on disk."""

    def __init__(self, *_: object) -> None:
        self.urgent = 0

    def wake(self, *, urgent: bool = False) -> None:
        self.urgent += urgent

    def close(self) -> None:
        pass


@pytest.fixture
def thread(monkeypatch: pytest.MonkeyPatch) -> NoThread:
    stand_in = NoThread()
    monkeypatch.setattr("edge_host.outbox.Syncer", lambda *_: stand_in)
    return stand_in


def test_much_that_waits_does_not_wait_long(tmp_path: Path, memory: Path, thread: NoThread) -> None:
    outbox = opened(tmp_path / "outbox", memory)
    begun = outbox.statistics().syncs
    while sum(map(len, waiting(outbox))) < SYNC_BYTES:
        for record in measurements(100):
            outbox.append("edge", TELEMETRY, record)
    assert thread.urgent
    assert outbox.keep_safe(100) == 2.5
    assert outbox.keep_safe(101) == 1.5
    assert outbox.statistics().syncs == begun
    assert outbox.keep_safe(102.5) is None
    assert outbox.statistics().syncs == begun + 1


def test_so_much_does_not_wait_at_all(tmp_path: Path, memory: Path, thread: NoThread) -> None:
    outbox = opened(tmp_path / "outbox", memory)
    before = outbox.statistics().syncs
    for _ in range(4 * MOST // 1000):
        outbox.append("edge", TELEMETRY, random.Random(1).randbytes(1000))
    assert outbox.statistics().syncs == before
    assert thread.urgent
    assert outbox.keep_safe(1) is None
    assert outbox.statistics().syncs == before + 1


def test_memory_that_has_no_more_room_hides_nothing_that_comes_later(tmp_path: Path, memory: Path) -> None:
    """Else a kill would put the longer, older end over what was written behind its packed form."""
    outbox = opened(tmp_path / "outbox", memory)
    records = measurements(100)
    for record in records[:60]:
        outbox.append("edge", TELEMETRY, record)
    real = os.open

    def full(path: Path, *arguments: int) -> int:
        if memory in Path(path).parents:
            raise OSError(28, "No space left on device")
        return real(path, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", full)
        outbox.sync()
    for record in records[60:]:
        outbox.append("edge", TELEMETRY, record)
    assert waiting(outbox) == records
    shutil.copytree(tmp_path / "outbox", tmp_path / "killed")
    assert list(memory.glob("*.tail")) == []
    assert waiting(opened(tmp_path / "killed", memory)) == records


def test_the_thread_asks_again_when_it_is_told_to_and_after_a_full_disk() -> None:
    answers: list[float | OutboxFullError | None] = [0.001, OutboxFullError("full"), None, None]
    asked = threading.Semaphore(0)

    def keep_safe() -> float | None:
        answer = answers.pop(0)
        asked.release()
        if isinstance(answer, OutboxFullError):
            raise answer
        return answer

    syncer = Syncer(keep_safe, 0.001)
    syncer.wake()
    for _ in range(3):
        assert asked.acquire(timeout=30)
    assert len(answers) == 1, "it was told that nothing waits"
    syncer.wake(urgent=True)
    assert asked.acquire(timeout=30)
    syncer.close()
