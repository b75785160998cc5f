"""The outbox: whatever happens in whatever order, nothing is lost and nothing is there twice."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge_host.errors import OutboxFullError
from edge_host.outbox import EVENT, EVENT_RESERVE, RECORD_OVERHEAD, TELEMETRY, Outbox, Position
from wire.messages import Event

STREAMS = st.sampled_from([TELEMETRY, EVENT])


def everything(outbox: Outbox, stream: str, after: int = 0) -> list[bytes]:
    batch = outbox.batch("edge", stream, after, 1 << 30, 1 << 20)
    return list(batch.records) if batch else []


class OutboxMachine(RuleBasedStateMachine):
    """Appends, acknowledgements and crashes against a plain list; the fleet stores by number."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(self.directory())
        self.outbox = Outbox(self.folder / "outbox.db", 1 << 20)
        self.appended: dict[str, list[bytes]] = {TELEMETRY: [], EVENT: []}
        self.stored: dict[str, dict[int, bytes]] = {TELEMETRY: {}, EVENT: {}}
        self.acknowledged = {TELEMETRY: 0, EVENT: 0}
        self.from_board = 0

    directory: Callable[[], str]

    @rule(stream=STREAMS, record=st.binary(max_size=40))
    def append(self, stream: str, record: bytes) -> None:
        position = self.outbox.append("edge", stream, record)
        self.appended[stream].append(record)
        assert position.seq == len(self.appended[stream])

    @rule(stream=STREAMS, record=st.binary(max_size=40), again=st.booleans())
    def append_from_board(self, stream: str, record: bytes, again: bool) -> None:
        seq = self.from_board + (0 if again else 1)
        position = self.outbox.append_from_board("edge", 7, seq, stream, record)
        assert (position is None) == again
        if not again:
            self.from_board = seq
            self.appended[stream].append(record)

    @rule(stream=STREAMS, size=st.integers(1, 100))
    def send(self, stream: str, size: int) -> None:
        batch = self.outbox.batch("edge", stream, self.acknowledged[stream], size, 5)
        if batch is not None:
            assert batch.first == self.acknowledged[stream] + 1
            for at, record in enumerate(batch.records):
                assert self.stored[stream].setdefault(batch.first + at, record) == record

    @rule(stream=STREAMS, right_epoch=st.booleans())
    def acknowledge(self, stream: str, right_epoch: bool) -> None:
        contiguous = 0
        while contiguous + 1 in self.stored[stream]:
            contiguous += 1
        batch = self.outbox.batch("edge", stream, 0, 1, 1)
        if batch is None or contiguous == 0:
            return
        taken = self.outbox.acknowledge("edge", stream, Position(batch.epoch + (not right_epoch), contiguous))
        assert taken == right_epoch
        if right_epoch:
            self.acknowledged[stream] = contiguous

    @rule()
    def crash(self) -> None:
        """Copy the files as a crash leaves them, and open the copy."""
        copy = Path(self.directory())
        for file in self.folder.iterdir():
            shutil.copy(file, copy / file.name)
        self.outbox.close()
        self.folder = copy
        self.outbox = Outbox(copy / "outbox.db", 1 << 20)

    @invariant()
    def nothing_is_lost_or_twice(self) -> None:
        if not hasattr(self, "outbox"):
            return
        for stream, appended in self.appended.items():
            assert everything(self.outbox, stream) == appended[self.acknowledged[stream] :]
            assert all(appended[seq - 1] == record for seq, record in self.stored[stream].items())
        depth = self.outbox.depth("edge")
        waiting = [len(self.appended[stream]) - self.acknowledged[stream] for stream in (TELEMETRY, EVENT)]
        assert [depth.telemetry, depth.event] == waiting
        assert self.outbox.source("edge", 7) == self.from_board

    def teardown(self) -> None:
        if hasattr(self, "outbox"):
            self.outbox.close()


def test_any_interleaving_of_append_acknowledge_and_crash(tmp_path_factory: pytest.TempPathFactory) -> None:
    OutboxMachine.directory = staticmethod(lambda: str(tmp_path_factory.mktemp("outbox")))
    machine = OutboxMachine.TestCase
    machine.settings = settings(
        max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
    )
    machine("runTest").runTest()


def test_a_killed_process_leaves_what_it_was_told_is_kept(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from edge_host.outbox import Outbox\n"
        "outbox = Outbox(Path(sys.argv[1]), 1 << 20)\n"
        "while True: print(outbox.append('edge', 'telemetry', b'x').seq, flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "outbox.db")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    last = 0
    for line in process.stdout:
        last = int(line)
        if last == 40:
            process.kill()
    process.wait()
    outbox = Outbox(tmp_path / "outbox.db", 1 << 20)
    assert len(everything(outbox, TELEMETRY)) >= last >= 40
    assert outbox.append("edge", TELEMETRY, b"next").seq == len(everything(outbox, TELEMETRY))


def test_at_the_bound_records_are_refused_and_told(tmp_path: Path) -> None:
    record = bytes(1000)
    outbox = Outbox(tmp_path / "outbox.db", 3 * (len(record) + RECORD_OVERHEAD))
    last = [outbox.append("edge", TELEMETRY, record) for _ in range(3)][-1]
    for _ in range(2):
        with pytest.raises(OutboxFullError, match="the fleet must acknowledge"):
            outbox.append("edge", TELEMETRY, record)
    assert outbox.append("edge", EVENT, b"\xa2dkindclogdtime\x01").seq == 2
    told = Event.decode(everything(outbox, EVENT)[0])
    assert (told.kind, told.message) == (
        "dropped",
        "2 records of stream telemetry were refused because the outbox was full",
    )
    assert outbox.acknowledge("edge", TELEMETRY, last)
    assert outbox.append("edge", TELEMETRY, record).seq == 4


def test_refusals_survive_a_restart(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", 10)
    with pytest.raises(OutboxFullError):
        outbox.append("edge", TELEMETRY, b"x")
    outbox.close()
    outbox = Outbox(tmp_path / "outbox.db", 10)
    outbox.append("edge", EVENT, b"\xa0")
    assert len(everything(outbox, EVENT)) == 2


def test_events_may_use_a_reserve(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", 0)
    outbox.append("edge", EVENT, bytes(EVENT_RESERVE - RECORD_OVERHEAD))
    with pytest.raises(OutboxFullError):
        outbox.append("edge", EVENT, b"x")


def test_devices_have_streams_and_epochs_of_their_own(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", 1 << 20)
    one, other = (outbox.append(device, TELEMETRY, b"x") for device in ("edge", "board"))
    assert (one.seq, other.seq) == (1, 1)
    assert outbox.acknowledge("edge", TELEMETRY, one)
    assert (outbox.depth("edge").telemetry, outbox.depth("board").telemetry) == (0, 1)


def test_an_acknowledgement_beyond_the_last_record_is_not_ours(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", 1 << 20)
    position = outbox.append("edge", TELEMETRY, b"x")
    assert not outbox.acknowledge("edge", TELEMETRY, Position(position.epoch, 2))
    assert everything(outbox, TELEMETRY) == [b"x"]


def test_a_disk_error_is_a_refusal(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", 1 << 20)
    with sqlite3.connect(tmp_path / "outbox.db") as other:
        other.execute("DROP TABLE record")
    with pytest.raises(OutboxFullError, match="cannot be written"):
        outbox.append("edge", TELEMETRY, b"x")
