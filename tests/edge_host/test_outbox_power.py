"""The outbox under power cuts: what was synchronised stays, and no number is ever given to two records."""

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

POLICY = OutboxPolicy(
    ClassPolicy(60_000, Discard.OLDEST), ClassPolicy(60_000, Discard.OLDEST), sync_seconds=3600
)  # files of 4 KiB, so that new ones are begun often
DEVICES = st.sampled_from(["edge", "board"])
SIZES = st.integers(0, 1500)


class PowerMachine(RuleBasedStateMachine):
    """`history` has every record that was ever given a number, `safe` those that a power cut must leave."""

    directory: Callable[[], str]

    @initialize()
    def begin(self) -> None:
        self.folder = Path(self.directory())
        self.boot = 0
        self.count = 0
        self.outbox = Outbox(self.folder, POLICY, boot="0")
        self.history: dict[tuple[str, str, int, int], bytes] = {}
        self.unsafe: set[tuple[str, str, int, int]] = set()
        self.acknowledged: dict[tuple[str, str], int] = {}
        self.from_board: list[tuple[str, str, int, int]] = []
        self.told = 0
        self.noted()

    def noted(self) -> None:
        """Everything is on disk now."""
        self.unsafe.clear()
        self.told = len(self.from_board)
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
        """The board sends its next event; it is told of what is kept only at a synchronisation."""
        record, seq = self.record(size), len(self.from_board) + 1
        position = self.outbox.append_from_board("board", 1, seq, stream, record)
        assert position is not None
        assert self.outbox.append_from_board("board", 1, seq, stream, record) is None
        self.keep("board", stream, record, position)
        self.from_board.append(("board", stream, position.epoch, position.seq))

    def keep(self, device: str, stream: str, record: bytes, position: Position) -> None:
        key = (device, stream, position.epoch, position.seq)
        assert key not in self.history
        self.history[key] = record
        self.unsafe.add(key)

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
        copy = Path(self.directory())
        for file in self.folder.iterdir():
            shutil.copy(file, copy / file.name)
        newest = max(copy.glob("*.log"))
        size = newest.stat().st_size
        on_disk = self.disk[1] if newest.name == self.disk[0] else 0
        keep = on_disk + int((size - on_disk) * part)
        with newest.open("r+b") as cut:
            cut.truncate(keep)
            if garbage:
                cut.seek(keep)
                cut.write(b"\xa5" * (size - keep))
        self.outbox.close()
        self.folder = copy
        self.boot += 1
        self.outbox = Outbox(copy, POLICY, boot=str(self.boot))
        present = {key for key, _ in self.present()}
        for key in self.unsafe - present:
            self.history[key] = b""  # lost, but its number stays taken
        kept = self.outbox.source("board", 1)
        assert kept >= self.told
        assert all(self.history[key] for key in self.from_board[:kept])
        del self.from_board[kept:]  # the board sends these again
        self.noted()

    @rule()
    def restart(self) -> None:
        self.outbox.close()
        self.outbox = Outbox(self.folder, POLICY, boot=str(self.boot))
        self.noted()

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
        discarded = sum(kept.discarded for kept in self.outbox.statistics().classes.values())
        if discarded == 0:
            for key in self.history.keys() - self.unsafe:
                if key[3] > self.acknowledged.get(key[:2], 0) and self.history[key]:
                    assert key in present

    def teardown(self) -> None:
        if hasattr(self, "outbox"):
            self.outbox.close()


def test_any_interleaving_with_power_cuts(tmp_path_factory: pytest.TempPathFactory) -> None:
    PowerMachine.directory = staticmethod(lambda: str(tmp_path_factory.mktemp("outbox")))
    machine = PowerMachine.TestCase
    machine.settings = settings(
        max_examples=30, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
    )
    machine("runTest").runTest()
