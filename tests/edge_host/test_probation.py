"""A release on probation: beside the one that ran before, and with every sign of health that it may be asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edge_host.execution import Execution
from edge_host.messages import Message
from edge_host.release import stands_beside
from edge_host.state import Release
from tests.edge_host import components
from tests.edge_host.bench import Bench
from tests.edge_host.fleet_double import KEPT, SEED, Made, make_release
from tests.edge_host.power import Life
from tests.edge_host.talkers import MEASURE, talker
from wire import cose, suit
from wire.descriptor import Component, Descriptor, Grant, Probation
from wire.edge_options import EdgeOptions
from wire.errors import MalformedError
from wire.interfaces import CLOCK, MESSAGING, POLL, SERIAL, TELEMETRY
from wire.messages import Desired
from wire.probation import ProbationKind
from wire.profiles import EDGE_PROFILE
from wire.triggers import Every, MessageFilter, Service

GRANTS = {each.full_name: Grant() for each in (TELEMETRY, CLOCK, POLL)} | {MESSAGING.full_name: Grant(("talk.*",))}
HEARER = talker(on_message=MEASURE)
QUICK = Probation(calls=2, seconds=20)
SHORT = Probation(calls=2, seconds=1)


def release(number: int, wasm: bytes, probation: Probation = QUICK, edge: EdgeOptions | None = None) -> Made:
    return make_release("thermometer", wasm, number, every_ms=10, probation=probation, edge=edge)


def lives(bench: Bench, folder: Path, made: Made, until: Callable[[Life], bool]) -> Life:
    """Install a release, and go on until `until`."""
    life = Life(folder, bench, {made.desired.digest: made.payload})
    asyncio.run(asyncio.wait_for(life.run(lambda: until(life), made), 20))
    return life


def test_the_release_before_stands_by_and_works_on_at_once(bench: Bench, tmp_path: Path) -> None:
    def done(life: Life) -> bool:
        return life.is_in("rolled-back", "2.0") and len(life.journal.measured) > seen + 10

    seen = 0

    async def check() -> None:
        nonlocal seen
        made = release(1, components.counting(), edge=KEPT), release(2, components.idle(), replace(SHORT, seconds=3))
        life = Life(tmp_path / "state", bench, {each.desired.digest: each.payload for each in made})
        running = asyncio.create_task(life.run(lambda: done(life), made[0]))
        await life.until(lambda: life.is_in("confirmed", "1.0") and len(life.journal.measured) >= 5)
        life.journal.acknowledging = False
        await life.workloads.desired(Desired(3, (made[1].desired,)).encode())
        await life.until(lambda: life.is_in("probation", "2.0"))
        await asyncio.sleep(0.3)
        seen = len(life.journal.measured)
        await asyncio.sleep(0.2)
        assert len(life.journal.measured) == seen, "the release before is not called while it stands by"
        await running
        counted = life.journal.measured
        assert counted == sorted(set(counted)), "its instance has counted on"

    asyncio.run(asyncio.wait_for(check(), 20))


def test_messages_find_a_taker_while_a_release_is_taken_back(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock ends its probation here; one that stops by itself is gone before anybody can take over."""
    takers: list[int] = []
    stop = Execution.stop

    async def watched(self: Execution) -> None:
        monkeypatch.setattr(Execution, "stop", stop)
        takers.append(bench.bus.publish(Message("talk.b", bytes(4))))
        await stop(self)
        takers.append(bench.bus.publish(Message("talk.b", bytes(4))))

    def done(life: Life) -> bool:
        return life.is_in("rolled-back", "2.0") and len(takers) == 2

    async def check() -> None:
        made = [
            make_release("hearer", HEARER, n, grants=GRANTS, triggers=(MessageFilter("talk.b"),), probation=SHORT)
            for n in (1, 2)
        ]
        life = Life(tmp_path / "state", bench, {each.desired.digest: each.payload for each in made})
        running = asyncio.create_task(life.run(lambda: done(life), made[0]))
        await life.until(lambda: bench.bus.publish(Message("talk.b", bytes(4))) > 0)
        await life.until(lambda: life.is_in("confirmed", "1.0"))
        life.journal.acknowledging = False
        monkeypatch.setattr(Execution, "stop", watched)
        await life.workloads.desired(Desired(3, (made[1].desired,)).encode())
        await life.until(lambda: done(life))
        assert takers == [1, 1]
        await running

    asyncio.run(asyncio.wait_for(check(), 30))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Component("a", triggers=(Every(50),)), Component("a"), True),
        (Component("a", triggers=(Service(),)), Component("a"), False),
        (Component("a"), Component("a", triggers=(Service(),)), True),
        (Component("a", {SERIAL.full_name: Grant(("meter",))}), Component("a"), True),
        (
            Component("a", {SERIAL.full_name: Grant(("meter",))}),
            Component("b", {SERIAL.full_name: Grant(("modem", "meter"))}),
            False,
        ),
    ],
)
def test_what_cannot_stand_by(before: Component, after: Component, expected: bool) -> None:
    wasm = components.idle()
    envelope = suit.Envelope.parse(
        suit.build(Descriptor("thermometer", "1", (before,), QUICK), 1, EDGE_PROFILE, [wasm], SEED)
    )
    code = envelope.manifest.codes[0]
    running = Release("thermometer", envelope.manifest_digest, envelope.sever(), code.digest, code.size)
    anchors = cose.anchors([cose.public_key(SEED)])
    candidate = Descriptor("thermometer", "2", (after,), QUICK)
    assert stands_beside(running, candidate, anchors) is expected
    assert not stands_beside(replace(running, envelope=b"damaged"), candidate, anchors)


def test_measurements_are_a_sign_of_health(bench: Bench, tmp_path: Path) -> None:
    sign = replace(SHORT, sign=int(ProbationKind.TELEMETRY))
    good = release(1, components.sender(), sign)
    life = lives(bench, tmp_path / "a", good, until=lambda life: life.is_in("confirmed", "1.0"))
    assert len(life.journal.measured) >= 2
    silent = release(1, components.idle(), sign)
    life = lives(bench, tmp_path / "b", silent, until=lambda life: life.is_in("failed", "1.0"))
    assert reason(life) == "probation-timeout: 2 more measurements"


def test_good_answers_of_an_export_are_a_sign_of_health(bench: Bench, tmp_path: Path) -> None:
    sign = replace(SHORT, sign=int(ProbationKind.EXPORT))
    lives(
        bench, tmp_path / "a", release(1, components.probed(), sign), until=lambda life: life.is_in("confirmed", "1.0")
    )
    sick = release(1, components.probed("no sensor"), sign)
    life = lives(bench, tmp_path / "b", sick, until=lambda life: life.is_in("failed", "1.0"))
    assert reason(life) == "probation-timeout: 2 more good answers to the health probe (no sensor)"
    mute = release(1, components.idle(), sign)
    life = lives(bench, tmp_path / "c", mute, until=lambda life: life.is_in("failed", "1.0"))
    assert reason(life).startswith("incompatible: petiole:health/probe@0.1.0: no component exports it")


@pytest.mark.parametrize(
    ("answer", "state", "said"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", "confirmed", ""),
        (
            b"HTTP/1.1 503 Busy\r\n\r\n",
            "failed",
            "probation-timeout: 2 more good answers to the health probe (GET /health is answered with 503)",
        ),
        (
            b"nonsense",
            "failed",
            "probation-timeout: 2 more good answers to the health probe (no answer: it is not HTTP)",
        ),
    ],
)
def test_answers_over_http_are_a_sign_of_health(
    answer: bytes, state: str, said: str, bench: Bench, tmp_path: Path
) -> None:
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        writer.close()

    async def check() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        bench.host = replace(bench.host, http_address=server.sockets[0].getsockname())
        made = release(1, components.idle(), replace(SHORT, sign=int(ProbationKind.HTTP), path="/health"))
        life = Life(tmp_path / "state", bench, {made.desired.digest: made.payload})
        await life.run(lambda: life.is_in(state, "1.0"), made)
        assert reason(life) == said
        server.close()

    asyncio.run(asyncio.wait_for(check(), 20))
    assert asked[0] == b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def test_without_an_http_server_the_reason_says_what_to_do(bench: Bench, tmp_path: Path) -> None:
    made = release(1, components.idle(), replace(SHORT, sign=int(ProbationKind.HTTP), path="/health"))
    life = lives(bench, tmp_path / "state", made, until=lambda life: life.is_in("failed", "1.0"))
    assert "add [http] to its configuration" in reason(life)


@pytest.mark.parametrize(
    "wrong", [{"sign": 4}, {"sign": 2}, {"sign": 1, "path": "/"}, {"path": "/"}, {"sign": 2, "path": "health"}]
)
def test_what_no_probation_can_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(MalformedError):
        Probation(**wrong)  # type: ignore[arg-type]


def reason(life: Life) -> str:
    entry = life.entry()
    assert entry is not None
    return entry.reason
