"""The outbox: whatever happens in whatever order, nothing is lost and nothing is there twice."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge_host.errors import OutboxFullError
from edge_host.outbox import EVENT, TELEMETRY, Outbox, OutboxPolicy, Position
from edge_host.outbox_model import RECORD_OVERHEAD, ClassPolicy, Discard
from wire import senml
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
        self.outbox = Outbox(self.folder)
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
            assert position is not None
            before = self.outbox.batch("edge", stream, position.seq - 1, 100, 1)
            assert before is None, "the board may send it again"
            self.outbox.told("edge", stream, position)
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
        self.outbox = Outbox(copy)

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
        "outbox = Outbox(Path(sys.argv[1]))\n"
        "while True: print(outbox.append('edge', 'telemetry', b'x').seq, flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "outbox")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    last = 0
    for line in process.stdout:
        last = int(line)
        if last == 40:
            process.kill()
    process.wait()
    outbox = Outbox(tmp_path / "outbox")
    assert len(everything(outbox, TELEMETRY)) >= last >= 40
    assert outbox.append("edge", TELEMETRY, b"next").seq == len(everything(outbox, TELEMETRY))


def policy(size: int, rule: Discard = Discard.NEWEST, events: int = 1 << 20, sync: float = 5.0) -> OutboxPolicy:
    return OutboxPolicy(ClassPolicy(size, rule), ClassPolicy(events, Discard.OLDEST), sync)


def told(outbox: Outbox) -> list[str]:
    events = [Event.decode(record) for record in everything(outbox, EVENT)]
    return [event.message or "" for event in events if event.kind == "dropped"]


def test_at_the_bound_records_are_refused_and_told(tmp_path: Path) -> None:
    record = bytes(1000)
    outbox = Outbox(tmp_path / "outbox", policy(3 * (len(record) + RECORD_OVERHEAD)))
    last = [outbox.append("edge", TELEMETRY, record) for _ in range(3)][-1]
    for _ in range(2):
        with pytest.raises(OutboxFullError, match="the fleet must acknowledge"):
            outbox.append("edge", TELEMETRY, record)
    assert outbox.append("edge", EVENT, b"\xa2dkindclogdtime\x01").seq == 2
    assert told(outbox) == ["2 records of stream telemetry were refused because the outbox was full"]
    assert outbox.acknowledge("edge", TELEMETRY, last)
    assert outbox.append("edge", TELEMETRY, record).seq == 4
    kept = outbox.statistics().classes[TELEMETRY]
    assert (kept.appended, kept.acknowledged, kept.refused, kept.records) == (4, 3, 2, 1)


def test_refusals_survive_a_restart(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox", policy(10))
    for _ in range(3):
        with pytest.raises(OutboxFullError):
            outbox.append("edge", TELEMETRY, b"x")
    outbox.close()
    outbox = Outbox(tmp_path / "outbox", policy(10))
    outbox.append("edge", EVENT, b"\xa2dkindclogdtime\x01")
    assert told(outbox) == ["3 records of stream telemetry were refused because the outbox was full"]


def test_telemetry_cannot_shut_out_events(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox", policy(0))
    with pytest.raises(OutboxFullError):
        outbox.append("edge", TELEMETRY, b"x")
    outbox.append("edge", EVENT, bytes(1000))
    with pytest.raises(OutboxFullError, match="too large"):
        outbox.append("edge", EVENT, bytes(1 << 17))


def test_the_oldest_records_go_where_that_is_the_rule_and_the_gap_is_known(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox", policy(64 * 1024, Discard.OLDEST))
    for n in range(2000):
        outbox.append("edge", TELEMETRY, n.to_bytes(2, "big") * 25)
    batch = outbox.batch("edge", TELEMETRY, 0, 1 << 30, 1 << 20)
    assert batch is not None
    assert batch.last == 2000
    assert batch.first > 1000
    assert batch.records == tuple(n.to_bytes(2, "big") * 25 for n in range(batch.first - 1, 2000))
    kept = outbox.statistics()
    assert kept.classes[TELEMETRY].discarded == batch.first - 1
    assert kept.classes[TELEMETRY].bytes <= 64 * 1024
    outbox.append("edge", EVENT, b"\xa2dkindclogdtime\x01")
    sums = sum(int(text.split()[0]) for text in told(outbox) if "discarded" in text)
    assert sums == batch.first - 1


def measured(outbox: Outbox) -> list[senml.Measurement]:
    return [senml.decode(record)[0] for record in everything(outbox, TELEMETRY) if record]


def test_measurements_become_averages_where_that_is_the_rule(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox", policy(64 * 1024, Discard.THIN_OUT))
    count = 10_000
    for n in range(count):
        name, value = ("t", float(n)) if n % 2 else ("door", f"open {n}")
        pack = senml.encode(senml.Measurement("edge", "w", name, "", value, 1_700_000_000.0 + n))
        assert outbox.append("edge", TELEMETRY, pack).seq == n + 1
    kept = outbox.statistics().classes[TELEMETRY]
    assert (kept.bytes <= 64 * 1024, kept.refused, kept.discarded) == (True, 0, 0)
    assert kept.records + kept.thinned == count
    numbers = [m for m in measured(outbox) if m.name == "t"]
    weights = [b.time - a.time for a, b in pairwise(numbers)]
    assert numbers[0].time - 1_700_000_000 == float(numbers[0].value) < 64
    assert all(m.value == pytest.approx(m.time - 1_700_000_000) for m in numbers)
    assert max(weights) <= 64
    assert numbers[-1].value == count - 1
    assert {type(m.value) for m in measured(outbox)} == {float, str}
    position = Position(outbox.batch("edge", TELEMETRY, 0, 1, 1).epoch, count)  # type: ignore[union-attr]
    assert outbox.acknowledge("edge", TELEMETRY, position)
    assert everything(outbox, TELEMETRY) == []


def test_thinned_records_survive_a_restart_and_a_crash_in_between(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox", policy(64 * 1024, Discard.THIN_OUT))
    for n in range(3000):
        outbox.append("edge", TELEMETRY, senml.encode(senml.Measurement("edge", "w", "t", "", float(n), 1e9 + n)))
    before = measured(outbox)
    assert len(before) < 3000
    shutil.copytree(tmp_path / "outbox", tmp_path / "copy")
    for number, stray in ((1, "0000000001.new"), (2, "0000000002.log")):
        shutil.copy(tmp_path / "outbox" / "spare", tmp_path / "copy" / stray) if (
            tmp_path / "outbox" / "spare"
        ).exists() else (tmp_path / "copy" / stray).write_bytes(bytes(number))
    assert measured(Outbox(tmp_path / "copy", policy(64 * 1024, Discard.THIN_OUT))) == before


def test_after_a_power_cut_no_number_is_given_out_twice(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox", boot="one")
    for n in range(10):
        outbox.append("edge", TELEMETRY, bytes([n]))
    outbox.sync()
    (file,) = (tmp_path / "outbox").glob("*.log")
    on_disk = file.stat().st_size
    lost = [outbox.append("edge", TELEMETRY, bytes([n])) for n in range(10, 20)]
    shutil.copytree(tmp_path / "outbox", tmp_path / "copy")
    with (tmp_path / "copy" / file.name).open("r+b") as cut:
        cut.seek(on_disk + 5)
        cut.write(bytes(5))
    again = Outbox(tmp_path / "copy", boot="two")
    fresh = again.append("edge", TELEMETRY, b"fresh")
    assert fresh.epoch == lost[-1].epoch
    assert fresh.seq > lost[-1].seq
    batch = again.batch("edge", TELEMETRY, 0, 1 << 20, 1 << 20)
    assert batch is not None
    assert (batch.first, batch.records) == (1, tuple(bytes([n]) for n in range(10)))
    after = again.batch("edge", TELEMETRY, batch.last, 1 << 20, 1 << 20)
    assert after is not None
    assert (after.first, after.records) == (fresh.seq, (b"fresh",))
    assert again.acknowledge("edge", TELEMETRY, lost[-1])


def test_a_restart_of_the_agent_or_a_kind_reboot_leaves_no_gap(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox", boot="one")
    outbox.append("edge", TELEMETRY, b"a")
    shutil.copytree(tmp_path / "outbox", tmp_path / "killed")
    killed = Outbox(tmp_path / "killed", boot="one")
    assert killed.append("edge", TELEMETRY, b"b").seq == 2
    killed.close()
    rebooted = Outbox(tmp_path / "killed", boot="two")
    assert rebooted.append("edge", TELEMETRY, b"c").seq == 3
    assert everything(rebooted, TELEMETRY) == [b"a", b"b", b"c"]


def test_events_are_on_disk_at_once_and_telemetry_shares_a_synchronisation(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox", policy(1 << 20, sync=3600))
    begun = outbox.statistics().syncs
    for _ in range(100):
        outbox.append("edge", TELEMETRY, b"x")
    assert outbox.statistics().syncs == begun
    outbox.append("edge", EVENT, b"\xa0")
    assert outbox.statistics().syncs == begun + 1
    each = Outbox(tmp_path / "each", policy(1 << 20, sync=0))
    for _ in range(3):
        each.append("edge", TELEMETRY, b"x")
    assert each.statistics().syncs == begun + 3


def test_files_of_acknowledged_records_go(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox", policy(256 * 1024))
    for _ in range(40):
        for n in range(100):
            position = outbox.append("edge", TELEMETRY, bytes([n]) * 50)
        assert outbox.acknowledge("edge", TELEMETRY, position)
    files = list((tmp_path / "outbox").iterdir())
    assert sum(file.stat().st_size for file in files) < 64 * 1024
    assert outbox.statistics().disk_bytes < 64 * 1024


def test_one_record_that_never_goes_does_not_hold_the_files_of_the_others(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox", policy(64 * 1024))
    for n in range(60):
        outbox.append("silent", TELEMETRY, bytes([n]))
        for _ in range(100):
            position = outbox.append("edge", TELEMETRY, bytes(100))
        assert outbox.acknowledge("edge", TELEMETRY, position)
    assert outbox.depth("silent").telemetry == 60
    assert list(outbox.batch("silent", TELEMETRY, 0, 1 << 20, 100).records) == [bytes([n]) for n in range(60)]  # type: ignore[union-attr]
    assert outbox.statistics().disk_bytes < 4 << 20


def test_devices_have_streams_and_epochs_of_their_own(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")
    one, other = (outbox.append(device, TELEMETRY, b"x") for device in ("edge", "board"))
    assert (one.seq, other.seq) == (1, 1)
    assert outbox.acknowledge("edge", TELEMETRY, one)
    assert (outbox.depth("edge").telemetry, outbox.depth("board").telemetry) == (0, 1)


def test_an_acknowledgement_beyond_the_last_record_is_not_ours(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")
    position = outbox.append("edge", TELEMETRY, b"x")
    assert not outbox.acknowledge("edge", TELEMETRY, Position(position.epoch, 2))
    assert everything(outbox, TELEMETRY) == [b"x"]


def test_the_oldest_record_that_waits_has_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000_000.0]
    monkeypatch.setattr("edge_host.outbox.time.time", lambda: now[0])
    outbox = Outbox(tmp_path / "outbox")
    positions = []
    for _ in range(3):
        positions.append(outbox.append("edge", TELEMETRY, b"x"))
        now[0] += 100
    assert outbox.depth("edge").oldest == 1_000_000_000
    outbox.acknowledge("edge", TELEMETRY, positions[0])
    assert outbox.depth("edge").oldest == 1_000_100_000
    now[0] -= 100_000
    late = outbox.append("edge", TELEMETRY, b"x")
    outbox.acknowledge("edge", TELEMETRY, positions[2])
    assert outbox.depth("edge").oldest == 900_300_000
    outbox.acknowledge("edge", TELEMETRY, late)
    assert outbox.depth("edge").oldest is None


def test_a_full_disk_is_a_refusal_and_nothing_kept_is_lost(tmp_path: Path) -> None:
    """The kernel refuses what goes over the file size limit, as a disk without space does."""
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from edge_host.outbox import Outbox; from edge_host.errors import OutboxFullError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "outbox = Outbox(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))\n"
        "kept = 0\n"
        "try:\n"
        "    while True: kept = outbox.append('edge', 'telemetry', bytes(100)).seq\n"
        "except OutboxFullError as error: print(kept, error)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "print(outbox.append('edge', 'telemetry', b'last').seq)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "outbox")], capture_output=True, text=True, check=True
    )
    first, last = ended.stdout.splitlines()
    kept = int(first.split()[0])
    assert "cannot be written" in first
    assert "free space" in first
    assert int(last) == kept + 1
    assert everything(Outbox(tmp_path / "outbox"), TELEMETRY) == [bytes(100)] * kept + [b"last"]


def test_files_that_are_damaged_are_set_aside_or_read_as_far_as_they_are_good(tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    outbox = Outbox(folder, boot="one")
    for n in range(5):
        outbox.append("edge", TELEMETRY, bytes([n]))
    outbox.close()
    (file,) = folder.glob("*.log")
    data = file.read_bytes()
    file.write_bytes(data[:-30] + bytes(30))
    assert everything(Outbox(folder, boot="one"), TELEMETRY) == [b"\0", b"\1", b"\2"]
    file.write_bytes(bytes(len(data)))
    fresh = Outbox(folder, boot="two")
    assert everything(fresh, TELEMETRY) == []
    assert fresh.append("edge", TELEMETRY, b"x").seq == 1
