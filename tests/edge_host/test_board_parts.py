"""The parts that speak with boards: events in order, records, and a client against nonsense."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_host.boards.client import SmpClient
from edge_host.boards.events import EventIntake
from edge_host.boards.records import Lease, greeting, record, workloads
from edge_host.errors import BoardRefusedError, BoardSilentError
from edge_host.outbox import EVENT, TELEMETRY, Outbox, OutboxPolicy
from edge_host.outbox_model import ClassPolicy, Discard
from tests.edge_host.board_fakes import FakePort, answer_to, event, messages
from tests.wire.strategies import plain_maps, scalars
from wire import senml
from wire.errors import MalformedError, WireError
from wire.messages import Event, EventKind
from wire.smp import Petiole

FULL = OutboxPolicy(telemetry=ClassPolicy(0, Discard.NEWEST))


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.integers(1, 12), max_size=60), leased_at=st.integers(0, 20))
def test_events_in_any_order_are_stored_in_theirs_and_once(
    order: list[int], leased_at: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outbox = Outbox(tmp_path_factory.mktemp("intake") / "outbox")
    intake = EventIntake("board", outbox, lambda _: None)
    for at, seq in enumerate([*order, *range(1, 13)]):
        if at == min(leased_at, len(order)):
            intake.leased(Lease(3, 12, 1, 100))
        intake.take(event(seq))
    assert messages(outbox) == [str(n) for n in range(1, 13)]
    assert intake.stored == outbox.source("board", 3) == 12
    outbox.close()


def test_what_the_board_no_longer_holds_is_not_waited_for(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")
    intake = EventIntake("board", outbox, lambda _: None)
    intake.leased(Lease(3, 9, 8, 100))
    intake.take(event(8))
    assert (intake.stored, messages(outbox)) == (8, ["8"])


def test_an_erased_board_that_counts_anew_is_heard(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")
    outbox.set_source("board", 1, 50)
    intake = EventIntake("board", outbox, lambda _: None)
    intake.leased(Lease(1, 2, 1, 100))
    intake.take(event(1, boot=1))
    assert messages(outbox) == ["1"]


def test_a_renewed_lease_that_is_older_than_the_events_since_brings_none_twice(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")
    intake = EventIntake("board", outbox, lambda _: None)
    intake.leased(Lease(3, 1, 1, 100))
    for seq in (1, 2, 3):
        intake.take(event(seq))
    intake.leased(Lease(3, 2, 1, 200))
    for seq in (1, 2, 3, 4):
        intake.take(event(seq))
    assert messages(outbox) == ["1", "2", "3", "4"]


def test_a_restart_of_the_board_is_noticed(tmp_path: Path) -> None:
    intake = EventIntake("board", Outbox(tmp_path / "outbox"), lambda _: None)
    intake.leased(Lease(3, 0, 1, 100))
    with pytest.raises(BoardSilentError, match="restarted"):
        intake.leased(Lease(4, 0, 1, 100))


def test_an_event_that_is_no_record_is_left_out_and_a_full_outbox_makes_it_wait(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")
    intake = EventIntake("board", outbox, lambda _: None)
    intake.leased(Lease(3, 0, 1, 100))
    intake.take({"boot": "x", "seq": 1})
    intake.take(event(1, kind=["no", "text"]))
    intake.take(event(2))
    assert (intake.stored, messages(outbox)) == (2, ["2"])
    full = Outbox(tmp_path / "full", FULL)
    waiting = EventIntake("board", full, lambda _: None)
    waiting.leased(Lease(3, 0, 1, 100))
    waiting.take(event(1, kind="telemetry", n="t", wl="w", u="", v=1.0))
    assert waiting.stored == 0


@pytest.mark.parametrize("value", [21.5, 3, "open", True])
def test_measurements_of_a_board_are_senml(value: float | str | bool) -> None:
    stream, data = record("board", event(1, kind="telemetry", wl="thermometer", n="t", u="Cel", v=value), 1_500)
    (measured,) = senml.decode(data, now=0.0)
    assert stream == TELEMETRY
    assert (measured.device, measured.workload, measured.name, measured.unit) == ("board", "thermometer", "t", "Cel")
    assert (measured.value, measured.time) == (value, 1.5)


def test_events_of_a_board_keep_their_fields() -> None:
    body = event(1, kind="state", wl="w", ver="1.0", state="failed", reason="trap: x", lvl=4, ctx="c")
    assert Event.decode(record("board", body, 7)[1]) == Event(
        7, "state", "w", "1.0", "error", "c", "1", "failed", "trap: x"
    )
    limit = Event.decode(record("board", event(2, kind="limit", wl="w", comp="main", n="messages", v=10), 7)[1])
    assert (limit.component, limit.message) == ("main", "reached its limit of messages: 10")
    dropped = Event.decode(record("board", event(3, kind="dropped", count=4), 7)[1])
    assert dropped.message == "4 events did not fit the board's buffer"
    slow = Event.decode(record("board", event(4, kind="dropped", wl="w", comp="main", count=2), 7)[1])
    assert slow.message == "2 messages and edges came faster than the component took them"


@pytest.mark.parametrize("body", [{}, {"workloads": 1}, {"workloads": [1]}, {"workloads": [{"name": "x", "seq": -1}]}])
def test_a_list_of_workloads_that_is_none_is_refused(body: Mapping[str, Any]) -> None:
    with pytest.raises(MalformedError, match="board"):
        workloads(body)


def ask(answer: Any) -> Mapping[str, Any]:
    async def run() -> Mapping[str, Any]:
        client = SmpClient(FakePort(answer), lambda _: None)
        reader = asyncio.create_task(client.run())
        try:
            return await client.read(Petiole.FACTS, seconds=0.05, tries=2)
        finally:
            reader.cancel()

    return asyncio.run(run())


def test_late_answers_and_noise_are_not_taken_for_the_answer() -> None:
    assert ask(lambda r: [answer_to(r, {"old": 1}, r.sequence - 1), answer_to(r, {"new": 1})]) == {"new": 1}


def test_a_lost_answer_is_asked_for_again_and_silence_is_an_error() -> None:
    assert ask(lambda r: [answer_to(r, {"second": 1})] if r.sequence == 2 else []) == {"second": 1}
    with pytest.raises(BoardSilentError, match=r"no answer to facts in 2 times 0\.05 s"):
        ask(lambda r: [])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"err": {"group": 64, "rc": 5}, "rsn": "bad-signature: of key 00"}, "bad-signature: of key 00"),
        ({"rc": 9, "rsn": "too old"}, "internal: SMP group 0, error 9: too old"),
        ({"err": {"group": 64, "rc": 11}}, "no-space: group 64, error 11"),
        ({"err": {"group": 64, "rc": 99}}, "internal: SMP group 64, error 99: group 64, error 99"),
        ({"err": {"group": 0, "rc": 8}}, "internal: SMP group 0, error 8: group 0, error 8"),
    ],
)
def test_refusals_keep_their_names(body: Mapping[str, Any], said: str) -> None:
    with pytest.raises(BoardRefusedError) as error:
        ask(lambda r: [answer_to(r, body)])
    assert str(error.value) == said


def test_messages_of_a_board_are_passed_on_and_not_stored(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")
    heard: list[Mapping[str, Any]] = []
    intake = EventIntake("board", outbox, lambda _: None, heard.append)
    intake.leased(Lease(3, 0, 1, 100))
    intake.take(event(2))
    intake.take(event(1, kind="message", sub="a.b", data=b"x"))
    intake.take(event(1, kind="message", sub="a.b", data=b"x"))
    assert [body["sub"] for body in heard] == ["a.b"]
    assert (messages(outbox), intake.stored, outbox.source("board", 3)) == (["2"], 2, 2)


def test_a_message_that_is_none_does_not_hold_up_the_others(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")

    def refuse(_body: Mapping[str, Any]) -> None:
        raise MalformedError("no message")

    intake = EventIntake("board", outbox, lambda _: None, refuse)
    intake.leased(Lease(3, 0, 1, 100))
    intake.take(event(1, kind="message", sub="a..b"))
    intake.take(event(2))
    assert (messages(outbox), intake.stored) == (["2"], 2)


def test_a_stop_keeps_all_its_fields() -> None:
    body: dict[str, Any] = {"kind": "stop", "wl": "w", "ver": "1.0", "rel": b"r" * 32, "comp": "main"}
    body |= {"reason": "trap: x", "trap": "x", "pc": 0, "fn": 3, "fuel": 5, "mem": 65_536, "stack": 0, "at": 900}
    stop = Event.decode(record("board", body, 7)[1])
    assert (stop.time, stop.kind, stop.workload, stop.version, stop.reason) == (7, "stop", "w", "1.0", "trap: x")
    assert (stop.release, stop.component, stop.trap) == (b"r" * 32, "main", "x")
    assert (stop.pc, stop.function, stop.fuel, stop.memory, stop.stack, stop.up) == (0, 3, 5, 65_536, 0, 900)
    least = Event.decode(record("board", {"kind": "stop", "pc": None}, 7)[1])
    assert (least.pc, least.release) == (None, None)
    with pytest.raises(MalformedError, match="pc"):
        record("board", event(1, kind="stop", pc=-1), 7)


BODIES = st.dictionaries(
    st.sampled_from(["kind", "wl", "ver", "lvl", "msg", "n", "u", "v", "count", "rel", "pc", "fn", "sub", "data", "up"])
    | st.sampled_from(["name", "seq", "off", "size", "workloads", "boot", "first", "state", "release"]),
    st.sampled_from([*EventKind, "", "state"]) | scalars | st.lists(plain_maps, max_size=2),
    max_size=8,
)


@given(body=BODIES, at=st.integers(0, 2**62))
def test_whatever_a_board_sends_is_a_record_or_refused(body: Mapping[str, Any], at: int) -> None:
    with suppress(WireError):
        stream, data = record("board", body, at)
        assert stream in (EVENT, TELEMETRY)
        assert data
    with suppress(MalformedError):
        assert all(isinstance(name, str) for name in workloads(body))
    with suppress(MalformedError):
        Lease.of(body)


@pytest.mark.parametrize(("facts", "level", "said"), [({"safe": True}, "error", "safe mode"), ({}, "info", "attached")])
def test_safe_mode_is_told(facts: Mapping[str, Any], level: str, said: str) -> None:
    told = greeting(facts)
    assert told[0] == level
    assert said in told[1]
