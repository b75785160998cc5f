"""The outbox with its newest end in memory: nothing acknowledged costs the disk, and nothing kept is lost by a kill."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_host import outbox as module
from edge_host.errors import OutboxFullError
from edge_host.outbox import EVENT, TELEMETRY, Outbox, OutboxPolicy, Position
from edge_host.outbox_model import ClassPolicy, Discard
from edge_host.outbox_tail import HEAD, is_in_memory, tail_in

SHARED_MEMORY = Path("/dev/shm")
LOST = b"\xa2dkindclogdtime\x01"


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("edge_host.outbox_tail.is_in_memory", lambda _folder: True)
    return tmp_path / "memory"


def opened(folder: Path, memory: Path, boot: str = "one", size: int = 1 << 20) -> Outbox:
    bound = ClassPolicy(size, Discard.NEWEST)
    return Outbox(folder, OutboxPolicy(bound, bound, sync_seconds=3600, memory=memory), boot=boot)


def waiting(outbox: Outbox, stream: str = TELEMETRY) -> list[bytes]:
    found: list[bytes] = []
    after = 0
    while (batch := outbox.batch("edge", stream, after, 1 << 20, 256)) is not None:
        found += [record for record in batch.records if record]
        after = batch.last
    return found


def written(outbox: Outbox) -> int:
    return outbox.statistics().written_bytes


def tail_of(memory: Path, folder: Path) -> Path:
    found = tail_in(memory, folder)
    assert found is not None
    return found.path


def copied(folder: Path, memory: Path, to: Path) -> Path:
    """Both folders as a kill leaves them; gives the copy of the outbox."""
    shutil.copytree(folder, to)
    if (tail := tail_of(memory, folder)).exists():
        shutil.copy(tail, tail_of(memory, to))
    return to


def test_what_is_acknowledged_in_time_is_never_written(tmp_path: Path, memory: Path) -> None:
    outbox = opened(tmp_path / "outbox", memory)
    begun = written(outbox)
    for n in range(20_000):
        position = outbox.append("edge", TELEMETRY, n.to_bytes(4, "big") * 10)
        if n % 50 == 49:
            outbox.acknowledge("edge", TELEMETRY, position)
            outbox.keep_safe(n * 1800)
    assert written(outbox) == begun
    assert outbox.statistics().syncs == 1
    assert tail_of(memory, tmp_path / "outbox").stat().st_size < 8192


def test_what_is_not_acknowledged_is_on_disk_in_time(tmp_path: Path, memory: Path) -> None:
    outbox = opened(tmp_path / "outbox", memory)
    position = outbox.append("edge", TELEMETRY, b"acknowledged")
    outbox.append("edge", TELEMETRY, b"waits")
    outbox.acknowledge("edge", TELEMETRY, position)
    assert outbox.keep_safe(10) == 1800
    assert outbox.keep_safe(1000) == 810
    begun = written(outbox)
    assert outbox.keep_safe(1810) is None
    assert written(outbox) > begun
    shutil.copytree(tmp_path / "outbox", tmp_path / "after")
    rebooted = opened(tmp_path / "after", memory, boot="two")
    assert waiting(rebooted) == [b"waits"]
    assert b"acknowledged" not in next((tmp_path / "after").glob("*.log")).read_bytes()


def test_an_event_takes_along_what_waits(tmp_path: Path, memory: Path) -> None:
    outbox = opened(tmp_path / "outbox", memory)
    outbox.append("edge", TELEMETRY, b"before")
    outbox.append("edge", EVENT, LOST)
    outbox.append("edge", TELEMETRY, b"after")
    shutil.copytree(tmp_path / "outbox", tmp_path / "cut")
    rebooted = opened(tmp_path / "cut", memory, boot="two")
    assert (waiting(rebooted), waiting(rebooted, EVENT)) == ([b"before"], [LOST])


def test_what_is_kept_of_a_board_is_known_after_it_was_delivered(tmp_path: Path, memory: Path) -> None:
    outbox = opened(tmp_path / "outbox", memory)
    for seq in range(1, 4):
        position = outbox.append_from_board("edge", 7, seq, TELEMETRY, b"x")
    assert position is not None
    outbox.acknowledge("edge", TELEMETRY, position)
    outbox.keep_safe()
    killed = opened(copied(tmp_path / "outbox", memory, tmp_path / "killed"), memory)
    assert (killed.source("edge", 7), waiting(killed)) == (3, [])
    outbox.sync()
    shutil.copytree(tmp_path / "outbox", tmp_path / "cut")
    rebooted = opened(tmp_path / "cut", memory, boot="two")
    assert (rebooted.source("edge", 7), waiting(rebooted)) == (3, [])
    assert rebooted.append_from_board("edge", 7, 3, TELEMETRY, b"x") is None


def test_numbers_go_on_behind_those_that_were_in_memory_alone(
    tmp_path: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many were given out, acknowledged and never written."""
    monkeypatch.setattr(module, "SKIP", 100)
    outbox = opened(tmp_path / "outbox", memory)
    outbox.append("edge", TELEMETRY, b"on disk")
    outbox.sync()
    for n in range(1000):
        position = outbox.append("edge", TELEMETRY, b"x")
        outbox.acknowledge("edge", TELEMETRY, position)
        outbox.keep_safe(n * 1800)
        if n % 20 == 0:
            copy = tmp_path / f"cut-{n}"
            shutil.copytree(tmp_path / "outbox", copy)
            rebooted = opened(copy, memory, boot="two")
            fresh = rebooted.append("edge", TELEMETRY, b"fresh")
            assert (fresh.epoch, fresh.seq > position.seq) == (position.epoch, True)
            rebooted.close()


@pytest.mark.parametrize("harm", ["gone", "damaged", "torn", "other"])
def test_memory_that_is_lost_while_the_machine_runs_is_like_a_power_cut(
    tmp_path: Path, memory: Path, harm: str
) -> None:
    outbox = opened(tmp_path / "outbox", memory)
    outbox.append("edge", TELEMETRY, b"on disk")
    outbox.sync()
    last = [outbox.append("edge", TELEMETRY, bytes([n])) for n in range(5)][-1]
    copy = copied(tmp_path / "outbox", memory, tmp_path / "copy")
    tail = tail_of(memory, copy)
    data = tail.read_bytes()
    if harm == "gone":
        tail.unlink()
    elif harm == "other":
        opened(tmp_path / "another", memory).append("edge", TELEMETRY, b"foreign")
        shutil.copy(tail_of(memory, tmp_path / "another"), tail)
    else:
        tail.write_bytes(data[:-5] if harm == "torn" else data[:40] + b"!" + data[41:])
    again = opened(copy, memory)
    fresh = again.append("edge", TELEMETRY, b"fresh")
    assert (fresh.epoch, fresh.seq > last.seq) == (last.epoch, True)
    found = waiting(again)
    assert (found[0], found[-1]) == (b"on disk", b"fresh")
    assert set(found[1:-1]) <= {bytes([n]) for n in range(5)}


def test_no_damaged_head_of_the_memory_keeps_the_outbox_from_opening(tmp_path: Path, memory: Path) -> None:
    outbox = opened(tmp_path / "outbox", memory)
    outbox.append("edge", TELEMETRY, b"on disk")
    outbox.sync()
    last = outbox.append("edge", TELEMETRY, b"in memory")
    for at in range(HEAD.size):
        for bit in range(8):
            copy = copied(tmp_path / "outbox", memory, tmp_path / f"copy-{at}-{bit}")
            tail = tail_of(memory, copy)
            data = bytearray(tail.read_bytes())
            data[at] ^= 1 << bit
            tail.write_bytes(data)
            again = opened(copy, memory)
            assert waiting(again) == [b"on disk"]
            assert again.append("edge", TELEMETRY, b"fresh").seq > last.seq


def test_a_clean_stop_leaves_nothing_in_memory(tmp_path: Path, memory: Path) -> None:
    outbox = opened(tmp_path / "outbox", memory)
    outbox.append("edge", TELEMETRY, b"x")
    outbox.close()
    assert list(memory.iterdir()) == []
    rebooted = opened(tmp_path / "outbox", memory, boot="two")
    assert rebooted.append("edge", TELEMETRY, b"y").seq == 2
    assert waiting(rebooted) == [b"x", b"y"]


def test_the_folder_must_be_in_memory_and_ours(tmp_path: Path) -> None:
    assert not is_in_memory(tmp_path / "missing")
    assert not is_in_memory(Path("/proc"))
    outbox = opened(tmp_path / "outbox", tmp_path / "on-disk")
    outbox.append("edge", TELEMETRY, b"x")
    shutil.copytree(tmp_path / "outbox", tmp_path / "killed")
    assert waiting(opened(tmp_path / "killed", tmp_path / "on-disk")) == [b"x"]
    if is_in_memory(SHARED_MEMORY):
        assert tail_in(SHARED_MEMORY, tmp_path) is None, "others may write there"


class Cutter:
    """Stops the world before and in the middle of each change of a file, and has a look at what is there then."""

    CHANGES = ("pwrite", "rename", "ftruncate", "unlink", "fdatasync")

    def __init__(self, look: Callable[[bool], None], monkeypatch: pytest.MonkeyPatch) -> None:
        self._look = look
        self._looking = False
        self.count = 0
        for name in self.CHANGES:
            monkeypatch.setattr(os, name, self._changed(getattr(os, name), halves=name == "pwrite"))

    def _changed(self, change: Callable[..., Any], *, halves: bool) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            if self._looking:
                return change(*arguments, **named)
            self._stop(half_written=False)
            if halves:
                descriptor, data, offset = arguments
                change(descriptor, data[: len(data) // 2], offset)
                self._stop(half_written=True)
            return change(*arguments, **named)

        return wrapped

    def _stop(self, half_written: bool) -> None:
        self._looking = True
        self.count += 1
        try:
            self._look(half_written)
        finally:
            self._looking = False


def test_a_kill_at_any_write_loses_nothing_and_gives_no_number_twice(
    tmp_path: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "outbox"
    kept: dict[tuple[str, int], bytes] = {}
    gone = {TELEMETRY: 0, EVENT: 0}
    outbox = opened(folder, memory, size=40_000)  # files of 4 KiB

    def look(half_written: bool) -> None:
        copy = copied(folder, memory, tmp_path / "copy")
        killed = opened(copy, memory, size=40_000)
        for stream, before in gone.items():
            found: dict[int, bytes] = {}
            after = before
            while (batch := killed.batch("edge", stream, after, 1 << 20, 256)) is not None:
                found |= {batch.first + at: record for at, record in enumerate(batch.records)}
                after = batch.last
            mine = {seq: record for (name, seq), record in kept.items() if name == stream and seq > before}
            assert mine.items() <= found.items()
            assert len(found) - len(mine) <= 1, "the one that is being appended"
            if stream == TELEMETRY:
                last = max((seq for name, seq in kept if name == stream), default=0)
                fresh = killed.append("edge", TELEMETRY, b"fresh").seq
                assert fresh in (last + 1, last + 2) or (half_written and fresh > last)
        killed.close()
        tail_of(memory, copy).unlink(missing_ok=True)
        shutil.rmtree(copy)

    with monkeypatch.context() as patch:
        cutter = Cutter(look, patch)
        for n in range(60):
            stream = EVENT if n % 11 == 10 else TELEMETRY
            position = outbox.append("edge", stream, n.to_bytes(2, "big") * 120)
            kept[stream, position.seq] = n.to_bytes(2, "big") * 120
            if n % 7 == 6:
                outbox.keep_safe(n * 1800)
            if n % 5 == 4:
                gone[stream] = position.seq - 2 if n < 40 else position.seq
                outbox.acknowledge("edge", stream, Position(position.epoch, gone[stream]))
        assert cutter.count > 150
    outbox.close()


@pytest.fixture
def real_memory(tmp_path: Path) -> Iterator[Path]:
    if not is_in_memory(SHARED_MEMORY):
        pytest.skip(f"{SHARED_MEMORY} is not in memory here")
    folder = SHARED_MEMORY / f"petiole-test-{os.getpid()}"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_a_killed_process_leaves_its_records_in_memory(tmp_path: Path, real_memory: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from edge_host.outbox import Outbox, OutboxPolicy, Position\n"
        "outbox = Outbox(Path(sys.argv[1]), OutboxPolicy(memory=Path(sys.argv[2]), sync_seconds=0.02))\n"
        "while True:\n"
        "    at = outbox.append('edge', 'telemetry', b'x' * 50)\n"
        "    print(at.seq, flush=True)\n"
        "    if at.seq % 7 == 0: outbox.acknowledge('edge', 'telemetry', Position(at.epoch, at.seq - 3))\n"
    )
    folder = tmp_path / "outbox"
    last = 0
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(folder), str(real_memory)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        first = int(process.stdout.readline())
        assert first in (last + 1, last + 2), "the last one may not have been told"
        last = first
        for line in process.stdout:
            last = int(line)
            if last >= first + 500:
                process.send_signal(signal.SIGKILL)
        process.wait()
    outbox = Outbox(folder, OutboxPolicy(memory=real_memory))
    batch = outbox.batch("edge", TELEMETRY, 0, 1 << 20, 1 << 20)
    assert batch is not None
    assert batch.first <= last - last % 7 - 2 + 7
    assert batch.last in (last, last + 1)
    assert set(batch.records) == {b"x" * 50}
    outbox.close()


def test_what_a_full_disk_took_of_a_longer_end_is_not_read(tmp_path: Path, memory: Path) -> None:
    """Entries are of one size here, so that those of the longer end would go on where the shorter one ends."""
    outbox = opened(tmp_path / "outbox", memory)
    outbox.append("edge", TELEMETRY, b"on disk")
    outbox.sync()
    for n in range(40):
        position = outbox.append("edge", TELEMETRY, n.to_bytes(2, "big"))
    real = os.pwrite

    def pwrite(descriptor: int, data: bytes, offset: int) -> int:
        if memory in Path(f"/proc/self/fd/{descriptor}").readlink().parents:
            return real(descriptor, data, offset)
        return real(descriptor, data[:-5], offset)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "pwrite", pwrite)
        for seq in (0, 39):
            outbox.acknowledge("edge", TELEMETRY, Position(position.epoch, seq))
            with pytest.raises(OutboxFullError, match="free space"):
                outbox.sync()
    killed = opened(copied(tmp_path / "outbox", memory, tmp_path / "copy"), memory)
    assert waiting(killed) == [b"\0\x26", b"\0\x27"]
    assert killed.append("edge", TELEMETRY, b"next").seq == position.seq + 1


def test_a_full_disk_refuses_records_before_more_are_in_memory_than_promised(tmp_path: Path, memory: Path) -> None:
    outbox = opened(tmp_path / "outbox", memory)
    outbox.append("edge", TELEMETRY, b"first")
    real = os.pwrite
    full = True

    def pwrite(descriptor: int, data: bytes, offset: int) -> int:
        on_disk = memory not in Path(f"/proc/self/fd/{descriptor}").readlink().parents
        if full and on_disk:
            real(descriptor, data[:7], offset)
            return 7
        return real(descriptor, data, offset)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "pwrite", pwrite)
        with pytest.raises(OutboxFullError, match="free space"):
            outbox.sync()
        for stream in (TELEMETRY, EVENT):
            with pytest.raises(OutboxFullError, match="free space"):
                outbox.append("edge", stream, b"refused")
        assert waiting(outbox) == [b"first"]
        position = Position(outbox.batch("edge", TELEMETRY, 0, 1, 1).epoch, 1)  # type: ignore[union-attr]
        full = False
        assert outbox.append("edge", TELEMETRY, b"second").seq == 2
        outbox.sync()
        assert outbox.acknowledge("edge", TELEMETRY, position)
    rebooted = opened(copied(tmp_path / "outbox", memory, tmp_path / "copy"), memory, boot="two")
    assert waiting(rebooted) == [b"second"]
