"""Batches of records: in any order and repetition, each record is stored once and acknowledged rightly."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleet.database import Database
from fleet.models import Device, Site
from fleet.mqtt.counters import Counters
from fleet.mqtt.intake import Intake, Message
from fleet.services import devices, records
from fleet.services.changes import Changes
from tests.fleet.helpers import EPOCH, SITE, pack
from tests.wire.strategies import plain_maps
from wire import cbor, topics
from wire.messages import Ack, Event, EventBatch, TelemetryBatch
from wire.topics import Topic

LAST = 12
batches = st.tuples(st.sampled_from([EPOCH, EPOCH + 1]), st.integers(1, LAST), st.integers(1, 5))
deliveries = st.lists(st.lists(batches, max_size=4), max_size=8)


def registered(database: Database, name: str) -> Intake:
    with database.write() as session:
        site = Site(name=f"{SITE}-{name}", created=0)
        session.add(site)
        session.flush()
        session.add(Device(name=name, site_id=site.id, kind="board", facts={}, queue={}, created=0))
    return Intake(database, Changes(), Counters())


def telemetry(name: str, first: int, count: int, epoch: int = EPOCH) -> tuple[Topic, bytes]:
    packs = tuple(pack(name, float(seq), time_s=1.7e9 + seq) for seq in range(first, first + count))
    return Topic(f"{SITE}-{name}", name, topics.TELEMETRY), TelemetryBatch(epoch, first, packs).encode()


def acks(answers: list[Message]) -> list[tuple[int, int]]:
    decoded = [Ack.decode(answer.payload) for answer in answers if answer.topic.endswith("/ack")]
    return [ack.telemetry for ack in decoded if ack.telemetry]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries)
def test_each_record_is_stored_once_and_the_acknowledgement_is_right(
    database: Database, turns: list[list[tuple[int, int, int]]]
) -> None:
    name = f"device-{next(_counter)}"
    intake = registered(database, name)
    arrived: dict[int, set[int]] = {EPOCH: set(), EPOCH + 1: set()}
    for turn in turns:
        answers = intake.take([telemetry(name, first, count, epoch) for epoch, first, count in turn])
        for epoch, first, count in turn:
            arrived[epoch] |= set(range(first, first + count))
        gaps = {epoch: next(seq for seq in range(1, 100) if seq not in seqs) for epoch, seqs in arrived.items()}
        assert sorted(acks(answers)) == sorted({(epoch, gaps[epoch] - 1) for epoch, _, _ in turn})
    with database.read() as session:
        rows = records.telemetry(session, name, limit=1000)
    assert sorted((row.epoch, row.seq) for row in rows) == sorted((e, s) for e, seqs in arrived.items() for s in seqs)
    assert all(row.value == row.seq for row in rows)


_counter = iter(range(10**9))


def test_a_batch_that_overlaps_brings_only_what_is_new(database: Database) -> None:
    intake = registered(database, "board")
    assert acks(intake.take([telemetry("board", 1, 5)])) == [(EPOCH, 5)]
    assert acks(intake.take([telemetry("board", 3, 6)])) == [(EPOCH, 8)]
    with database.read() as session:
        assert [row.seq for row in records.telemetry(session, "board", limit=100)] == list(range(1, 9))


def test_a_record_that_cannot_be_read_does_not_hold_up_the_others(database: Database) -> None:
    intake = registered(database, "board")
    packs = (pack("board", 1.0), b"\xff broken", pack("somebody-else", 3.0), pack("board", 4.0))
    topic = Topic(f"{SITE}-board", "board", topics.TELEMETRY)
    assert acks(intake.take([(topic, TelemetryBatch(EPOCH, 1, packs).encode())])) == [(EPOCH, 4)]
    with database.read() as session:
        assert [row.value for row in records.telemetry(session, "board", limit=100)] == [1.0, 4.0]


def test_records_that_the_device_discarded_count_as_arrived_and_are_no_mistakes(database: Database) -> None:
    counters = Counters()
    registered(database, "board")
    intake = Intake(database, Changes(), counters)
    topic = Topic(f"{SITE}-board", "board", topics.TELEMETRY)
    packs = (b"", pack("board", 2.0), b"")
    assert acks(intake.take([(topic, TelemetryBatch(EPOCH, 1, packs).encode())])) == [(EPOCH, 3)]
    assert counters.snapshot()["malformed"] == 0
    with database.read() as session:
        assert [row.value for row in records.telemetry(session, "board", limit=100)] == [2.0]


def test_values_of_all_kinds_come_back_as_they_were(database: Database) -> None:
    intake = registered(database, "board")
    values: list[float | str | bool] = [1.5, -3, True, False, "open", "nul\0inside", 1e300]
    packs = tuple(pack("board", value) for value in values)
    topic = Topic(f"{SITE}-board", "board", topics.TELEMETRY)
    intake.take([(topic, TelemetryBatch(EPOCH, 1, packs).encode())])
    with database.read() as session:
        found = [row.value for row in records.telemetry(session, "board", limit=100)]
    assert found == [1.5, -3, True, False, "open", "nul\N{REPLACEMENT CHARACTER}inside", 1e300]


def test_a_batch_beyond_too_many_gaps_is_left_for_later(database: Database) -> None:
    intake = registered(database, "board")
    for at in range(64):
        intake.take([telemetry("board", 10 * at + 2, 1)])
    assert acks(intake.take([telemetry("board", 10_000, 1)])) == []
    assert acks(intake.take([telemetry("board", 1, 1)])) == [(EPOCH, 2)]
    assert acks(intake.take([telemetry("board", 10_000, 1)])) == [(EPOCH, 2)]


def test_acknowledgements_outlive_the_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kept.sqlite'}"
    first = Database(url)
    first.migrate()
    registered(first, "board").take([telemetry("board", 1, 3), telemetry("board", 5, 1)])
    first.close()
    second = Database(url)
    second.migrate()
    intake = Intake(second, Changes(), Counters())
    assert acks(intake.take([telemetry("board", 4, 1)])) == [(EPOCH, 5)]
    second.close()


def test_a_change_told_by_report_and_event_is_one_in_history(database: Database) -> None:
    intake = registered(database, "board")
    topic = Topic(f"{SITE}-board", "board", topics.EVENT)
    told = [
        Event(time=at, kind="state", workload="thermometer", version="1.0.0", state=state, reason="")
        for at, state in ((1_000, "staged"), (1_500, "staged"), (60_000, "staged"), (61_000, "confirmed"))
    ]
    intake.take([(topic, EventBatch(EPOCH, 1, tuple(told)).encode())])
    with database.read() as session:
        assert [change.time for change in devices.history(session, "board")] == [1_000, 60_000, 61_000]


def test_a_fleet_that_lost_its_database_goes_on(database: Database) -> None:
    """The device has had records up to 999 acknowledged; this database has never heard of it."""
    intake = registered(database, "lost")
    topic, _ = telemetry("lost", 1, 1)
    packs = tuple(pack("lost", float(seq)) for seq in range(1_005, 1_008))
    later = TelemetryBatch(EPOCH, 1_005, packs, held=1_000).encode()
    first = TelemetryBatch(EPOCH, 1_000, packs + packs[:2], held=1_000).encode()
    assert acks(intake.take([(topic, later)])) == [(EPOCH, 999)]
    assert acks(intake.take([(topic, first)])) == [(EPOCH, 1_007)]
    assert acks(intake.take([telemetry("lost", 1_008, 1)])) == [(EPOCH, 1_008)]
    with database.read() as session:
        assert [row.seq for row in records.telemetry(session, "lost", limit=99)] == [
            *range(1_005, 1_008),
            *range(1_000, 1_005),
            1_008,
        ]


def test_a_device_cannot_skip_what_is_here(database: Database) -> None:
    intake = registered(database, "skip")
    topic, _ = telemetry("skip", 1, 1)
    assert acks(intake.take([telemetry("skip", 1, 4)])) == [(EPOCH, 4)]
    for held in (1, 5, 6, 2**62):
        batch = TelemetryBatch(EPOCH, 6, (pack("skip", 6.0),), held).encode()
        expected = 4 if held < 6 else 6
        assert acks(intake.take([(topic, batch)])) == [(EPOCH, expected)]


def test_a_record_that_is_no_event_does_not_hold_up_the_others(database: Database) -> None:
    intake = registered(database, "odd")
    topic = Topic(f"{SITE}-odd", "odd", topics.EVENT)
    good = {"time": 1, "kind": "log", "message": "good"}
    odd = [{"time": -1, "kind": "log"}, "text", {"kind": "log"}, None, {"time": 1, "kind": "stop", "pc": "here"}]
    answers = intake.take([(topic, cbor.encode({"epoch": EPOCH, "first": 1, "records": [good, *odd, good]}))])
    assert [Ack.decode(answer.payload).event for answer in answers] == [(EPOCH, 7)]
    with database.read() as session:
        assert [(row.seq, row.message) for row in records.events(session, "odd", limit=9)] == [(1, "good"), (7, "good")]


KINDS = (topics.REPORTED, topics.TELEMETRY, topics.EVENT, topics.MESSAGE)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kind=st.sampled_from(KINDS), value=st.binary(max_size=40) | plain_maps.map(cbor.encode))
def test_nothing_that_a_device_sends_is_an_error(database: Database, kind: str, value: bytes) -> None:
    name = f"any-{next(_counter)}"
    intake = registered(database, name)
    for answer in intake.take([(Topic(f"{SITE}-{name}", name, kind), value), telemetry(name, 1, 1)]):
        assert answer.topic.endswith(("/ack", "/desired"))
