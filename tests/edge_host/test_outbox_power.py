"""The outbox under power cuts: what was synchronised stays, and no number is ever given to two records.

With its newest end in memory: a kill leaves that, a power cut does not, and it may be damaged. A board sends again
what it was not told, and that is given out to be sent once.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge_host.outbox import EVENT, TELEMETRY, Outbox, OutboxPolicy, Position
from edge_host.outbox_model import ClassPolicy, Discard
from edge_host.outbox_tail import Tail, tail_in

BOUND = ClassPolicy(60_000, Discard.OLDEST)  # files of 4 KiB, so that new ones are begun often
DEVICES = st.sampled_from(["edge", "board"])
SIZES = st.integers(0, 1500)


class PowerMachine(RuleBasedStateMachine):
    """`history` has every record that was ever given a number, `unsafe` those that a power cut may take.

    `board` are the events of a board, of which it holds those after the first `told`; `out` is which number each record
    had when it was given out to be sent.
    """

    directory: Callable[[], str]
    memory: Path | None = None

    def opened(self, folder: Path) -> Outbox:
        policy = OutboxPolicy(BOUND, BOUND, sync_seconds=3600, memory=self.memory)
        return Outbox(folder, policy, boot=str(self.boot))

    def tail(self, folder: Path) -> Path | None:
        found = tail_in(self.memory, folder)
        return found.path if isinstance(found, Tail) else None

    def copied(self) -> Path:
        """The files as a process leaves them that ends now."""
        copy = Path(self.directory())
        for file in self.folder.iterdir():
            shutil.copy(file, copy / file.name)
        tail, other = self.tail(self.folder), self.tail(copy)
        if tail is not None and other is not None and tail.exists():
            shutil.copy(tail, other)
        return copy

    @initialize()
    def begin(self) -> None:
        self.folder = Path(self.directory())
        self.boot = 0
        self.now = 0.0
        self.count = 0
        self.outbox = self.opened(self.folder)
        self.history: dict[tuple[str, str, int, int], bytes] = {}
        self.unsafe: set[tuple[str, str, int, int]] = set()
        self.acknowledged: dict[tuple[str, str], int] = {}
        self.board: list[tuple[str, bytes]] = []
        self.told = 0
        self.out: dict[bytes, tuple[str, str, int, int]] = {}
        self.noted()

    def noted(self) -> None:
        """Everything is on disk now."""
        self.unsafe.clear()
        newest = max(self.folder.glob("*.log"))
        self.disk = (newest.name, newest.stat().st_size)

    @rule(device=DEVICES, size=SIZES)
    def measure(self, device: str, size: int) -> None:
        self.append(device, TELEMETRY, size)

    @rule(device=DEVICES, size=SIZES)
    def happen(self, device: str, size: int) -> None:
        self.append(device, EVENT, size)
        self.noted()

    def append(self, device: str, stream: str, size: int) -> None:
        record = self.record(size)
        self.keep(device, stream, record, self.outbox.append(device, stream, record))

    def record(self, size: int) -> bytes:
        self.count += 1
        return self.count.to_bytes(4, "big") + bytes([self.count % 256]) * size

    @rule(stream=st.sampled_from([TELEMETRY, EVENT]), size=SIZES)
    def take_from_board(self, stream: str, size: int) -> None:
        """The board sends its next event."""
        self.board.append((stream, self.record(size)))
        self.take(len(self.board))

    def take(self, seq: int) -> None:
        stream, record = self.board[seq - 1]
        position = self.outbox.append_from_board("board", 1, seq, stream, record)
        assert position is not None
        assert self.outbox.append_from_board("board", 1, seq, stream, record) is None
        self.keep("board", stream, record, position)

    @rule()
    def tell_board(self) -> None:
        """It forgets all; events must be safe before, measurements need not."""
        if any(stream == EVENT for stream, _ in self.board[self.told :]):
            self.outbox.sync()
            self.noted()
        for stream in (TELEMETRY, EVENT):
            keys = [key for key in self.history if key[:2] == ("board", stream)]
            if keys:
                self.outbox.told("board", stream, Position(*max(keys)[2:]))
        self.told = len(self.board)

    def keep(self, device: str, stream: str, record: bytes, position: Position) -> None:
        key = (device, stream, position.epoch, position.seq)
        assert key not in self.history
        self.history[key] = record
        self.unsafe.add(key)

    @rule()
    def wait(self) -> None:
        """Twice, so that everything has waited long enough."""
        for _ in range(2):
            self.now += 1800
            again = self.outbox.keep_safe(self.now)
        assert again is None
        self.noted()

    @rule()
    def synchronise(self) -> None:
        self.outbox.sync()
        self.noted()

    @rule(device=DEVICES, stream=st.sampled_from([TELEMETRY, EVENT]), most=st.integers(1, 8))
    def deliver(self, device: str, stream: str, most: int) -> None:
        batch = self.outbox.batch(device, stream, 0, 1 << 20, most)
        if batch is not None:
            assert self.outbox.acknowledge(device, stream, Position(batch.epoch, batch.last))
            self.acknowledged[device, stream] = batch.last

    @rule(part=st.floats(0, 1), garbage=st.booleans())
    def cut_the_power(self, part: float, garbage: bool) -> None:
        copy = self.copied()
        newest = max(copy.glob("*.log"))
        size = newest.stat().st_size
        on_disk = self.disk[1] if newest.name == self.disk[0] else 0
        keep = on_disk + int((size - on_disk) * part)
        with newest.open("r+b") as cut:
            cut.truncate(keep)
            if garbage:
                cut.seek(keep)
                cut.write(b"\xa5" * (size - keep))
        if (tail := self.tail(copy)) is not None:
            tail.unlink(missing_ok=True)
        self.boot += 1
        self.reopen(copy)

    @rule()
    def kill(self) -> None:
        before = dict(self.present())
        source = self.outbox.source("board", 1)
        copy = self.copied()
        self.outbox.close()
        self.folder, self.outbox = copy, self.opened(copy)
        assert self.outbox.source("board", 1) == source
        present = dict(self.present())
        for key, record in before.items():
            acknowledged = self.acknowledged.get(key[:2], 0)
            assert key[3] <= acknowledged or present[key] == record
        kept = sum(key[3] > self.acknowledged.get(key[:2], 0) for key, record in self.history.items() if record)
        assert len([record for record in present.values() if record]) >= kept or self.discarded()
        self.noted()

    @rule(at=st.integers(0, 1 << 16), torn=st.integers(0, 10))
    def lose_memory(self, at: int, torn: int) -> None:
        """The machine goes on, but what was in memory is damaged, torn or gone."""
        copy = self.copied()
        tail = self.tail(copy)
        if tail is None:
            return
        data = bytearray(tail.read_bytes())
        data[at % len(data)] ^= 0xFF
        tail.write_bytes(data[: len(data) - torn])
        if not at:
            tail.unlink()
        self.reopen(copy)

    def reopen(self, copy: Path) -> None:
        """What was not on disk may be gone; then the board sends it again."""
        self.outbox.close()
        self.folder, self.outbox = copy, self.opened(copy)
        present = {key for key, _ in self.present()}
        for key in self.unsafe - present:
            self.history[key] = b""  # lost, but its number stays taken
        kept = max(self.outbox.source("board", 1), self.told)
        self.outbox.set_source("board", 1, kept)
        self.noted()
        for seq in range(kept + 1, len(self.board) + 1):
            self.take(seq)

    @rule()
    def restart(self) -> None:
        self.outbox.close()
        self.outbox = self.opened(self.folder)
        self.noted()

    def discarded(self) -> int:
        return sum(kept.discarded for kept in self.outbox.statistics().classes.values())

    def present(self) -> list[tuple[tuple[str, str, int, int], bytes]]:
        found = []
        for device in ("edge", "board"):
            for stream in (TELEMETRY, EVENT):
                after = 0
                while (batch := self.outbox.batch(device, stream, after, 1 << 20, 50)) is not None:
                    found += [
                        ((device, stream, batch.epoch, batch.first + at), record)
                        for at, record in enumerate(batch.records)
                    ]
                    after = batch.last
        return found

    @invariant()
    def nothing_safe_is_lost_and_nothing_is_changed(self) -> None:
        if not hasattr(self, "outbox"):
            return
        present = dict(self.present())
        for key, record in present.items():
            assert self.history[key] == record or record == b""
            assert not record or self.out.setdefault(record, key) == key, "nothing is sent with two numbers"
        if self.discarded() == 0:
            for key in self.history.keys() - self.unsafe:
                if key[3] > self.acknowledged.get(key[:2], 0) and self.history[key]:
                    assert key in present

    def teardown(self) -> None:
        if hasattr(self, "outbox"):
            self.outbox.close()


@pytest.mark.parametrize("in_memory", [False, True])
def test_any_interleaving_with_power_cuts(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, in_memory: bool
) -> None:
    monkeypatch.setattr("edge_host.outbox_tail.is_in_memory", lambda _folder: in_memory)
    PowerMachine.memory = tmp_path_factory.mktemp("memory") if in_memory else None
    PowerMachine.directory = staticmethod(lambda: str(tmp_path_factory.mktemp("outbox")))
    machine = PowerMachine.TestCase
    machine.settings = settings(
        max_examples=20, stateful_step_count=35, deadline=None, suppress_health_check=list(HealthCheck)
    )
    machine("runTest").runTest()
