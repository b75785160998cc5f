"""Messages between components of this host: their order, what is lost and told, and who is held up by whom."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from wasmtime.component import Component as WasmComponent

from edge_host.errors import StopError
from edge_host.messages import Message
from edge_host.runner import Part, Running, check_parts
from tests.edge_host.bench import Bench, Recorder
from tests.edge_host.talkers import FORWARD, MEASURE, REFUSE, SPIN, TRAP, compute, if_number, talker, wait
from wire.descriptor import Component, Grant, Limits
from wire.edge_options import EdgeOptions
from wire.interfaces import CLOCK, MESSAGING, POLL, TELEMETRY
from wire.triggers import AtStart, Every, MessageFilter, Trigger

GRANTS = {
    MESSAGING.full_name: Grant(("talk.*",)),
    TELEMETRY.full_name: Grant(),
    CLOCK.full_name: Grant(),
    POLL.full_name: Grant(),
}
AMPLE = Limits(
    fuel_per_call=1 << 60,
    fuel_per_second=1 << 60,
    messages_per_second=1 << 30,
    telemetry_bytes_per_hour=1 << 40,
)
KEPT = EdgeOptions(pool_size=1)
HOUR = wait(3_600_000)


class Talking:
    """One workload of talkers, each under its name with its triggers."""

    def __init__(
        self,
        bench: Bench,
        *talkers: tuple[str, bytes, tuple[Trigger, ...]],
        limits: Limits = AMPLE,
        loaded: Callable[[], None] = lambda: None,
    ) -> None:
        self.sinks = {name: Recorder() for name, _, _ in talkers}
        self.ended: list[tuple[str, str | None]] = []
        codes = [WasmComponent(bench.engine, wasm) for _, wasm, _ in talkers]
        described = [Component(name, GRANTS, limits, {}, triggers, KEPT) for name, _, triggers in talkers]
        check_parts(bench.engine, codes, described)
        parts = [Part(code, one, self.sinks[one.name]) for code, one in zip(codes, described, strict=True)]
        self.running = Running(bench.host, "talking", parts, self._called)
        self.loaded = asyncio.Event()

        def tell() -> None:
            self.loaded.set()
            loaded()

        self.task = asyncio.create_task(self.running.run(tell))

    def _called(self, part: Part, error: str | None) -> None:
        self.ended.append((part.described.name, error))

    def got(self, name: str) -> list[int]:
        """The numbers that a talker measured, in its order."""
        return [int(value) for _, _, value in self.sinks[name].measured if isinstance(value, float)]

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait until `done`; fails when the workload ends before."""
        while not done():
            assert not self.task.done(), self.task.result()
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self.task.cancel()
        async with asyncio.timeout(5):
            await asyncio.wait([self.task])


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(30):
            await test()

    asyncio.run(limited())


def send(bench: Bench, *numbers: int) -> None:
    for number in numbers:
        bench.bus.publish(Message("talk.b", number.to_bytes(4, "little")))


def test_messages_keep_their_order_and_those_without_room_are_told(bench: Bench) -> None:
    async def check() -> None:
        talking = Talking(
            bench,
            ("a", talker("talk.b", on_run=7), (Every(5),)),
            ("b", talker(on_message=MEASURE + compute(2000)), (MessageFilter("talk.b"),)),
        )
        await talking.until(lambda: len(talking.got("b")) > 300)
        talking.running.hold()
        seen = -1
        while seen != (seen := len(talking.ended)):  # noqa: ASYNC110 nobody tells that nothing comes any more
            await asyncio.sleep(0.3)
        await talking.stop()
        got, sent = talking.got("b"), 7 * sum(name == "a" for name, _ in talking.ended)
        assert got == sorted(set(got)), "none twice, none before another"
        assert got[-1] + 1 - len(got) <= sum(talking.sinks["b"].drops) <= sent - len(got)

    run(check)


def test_two_that_pass_messages_on_lose_none(bench: Bench) -> None:
    """Eight numbers go round between two components, each in one message at a time."""

    async def check() -> None:
        talking = Talking(
            bench,
            ("a", talker("talk.b", on_run=8, on_message=MEASURE + FORWARD), (AtStart(), MessageFilter("talk.a"))),
            ("b", talker("talk.a", on_message=MEASURE + FORWARD), (MessageFilter("talk.b"),)),
        )
        await talking.until(lambda: len(talking.got("a")) > 2000)
        await talking.stop()
        for name in "ab":
            rounds = talking.got(name)
            assert rounds == [number % 8 for number in range(len(rounds))], "none lost, none overtaken"
            assert not talking.sinks[name].drops

    run(check)


def test_a_publisher_over_its_rate_is_told_and_sends_again(bench: Bench) -> None:
    async def check() -> None:
        limits = Limits(fuel_per_second=1 << 60, messages_per_second=20, telemetry_bytes_per_hour=1 << 40)
        talking = Talking(
            bench,
            ("a", talker("talk.b", on_run=1), (Every(5),)),
            ("b", talker(), (MessageFilter("talk.b"),)),
            limits=limits,
        )
        await talking.until(lambda: len(talking.got("b")) > 25)
        await talking.stop()
        assert ("messages-per-second", 20) in talking.sinks["a"].limits
        got = talking.got("b")
        assert got == sorted(set(got))

    run(check)


def test_a_slow_subscriber_holds_up_nobody_but_itself(bench: Bench) -> None:
    async def check() -> None:
        talking = Talking(
            bench,
            ("a", talker("talk.b"), (Every(5),)),
            ("slow", talker(on_message=HOUR), (MessageFilter("talk.*"),)),
            ("quick", talker(), (MessageFilter("talk.b"),)),
        )
        await talking.until(lambda: len(talking.got("quick")) > 100)
        await talking.stop()
        assert talking.got("quick")[:100] == list(range(100))

    run(check)


def test_a_stuck_subscriber_is_stopped_by_its_own_deadline_while_others_talk(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_host.engine.CALL_SECONDS", 1.5)

    async def check() -> None:
        stuck = Talking(bench, ("stuck", talker(on_message=MEASURE + if_number(9, SPIN)), (MessageFilter("talk.b"),)))
        await stuck.loaded.wait()
        talking = Talking(
            bench,
            ("a", talker("talk.b"), (Every(10),)),
            ("b", talker(), (MessageFilter("talk.b"),)),
        )
        await stuck.until(lambda: 9 in stuck.got("stuck"))
        seen = len(talking.got("b"))
        await talking.until(lambda: len(talking.got("b")) > seen + 5)
        assert not stuck.task.done(), "the others did not wait for it"
        with pytest.raises(StopError, match=r"^fuel: the call took too long by the clock$") as stop:
            await stuck.task
        assert stop.value.component == "stuck"
        seen = len(talking.got("b"))
        await talking.until(lambda: len(talking.got("b")) > seen + 5)
        await talking.stop()

    run(check)


@pytest.mark.parametrize("after_run", [SPIN, HOUR])
def test_a_message_does_not_wait_for_the_end_of_its_publisher(
    bench: Bench, after_run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_host.engine.CALL_SECONDS", 300.0)

    async def check() -> None:
        tenth = f"(if (i32.eq (global.get $next) (i32.const 10)) (then {after_run}))"
        talking = Talking(
            bench,
            ("a", talker("talk.b", after_run=tenth), (Every(10),)),
            ("b", talker(), (MessageFilter("talk.b"),)),
        )
        await talking.until(lambda: talking.got("b") == list(range(10)))
        assert sum(name == "a" for name, _ in talking.ended) == 9
        await talking.stop()

    run(check)


def test_an_error_of_a_handler_is_told_and_the_next_message_comes(bench: Bench) -> None:
    async def check() -> None:
        talking = Talking(
            bench,
            ("a", talker("talk.b"), (Every(5),)),
            ("b", talker(on_message=MEASURE + if_number(3, REFUSE)), (MessageFilter("talk.b"),)),
        )
        await talking.until(lambda: len(talking.got("b")) > 8)
        await talking.stop()
        assert [error for name, error in talking.ended if name == "b"][:5] == [None, None, None, "", ""]

    run(check)


def test_a_trap_of_a_handler_is_told_as_its_own(bench: Bench) -> None:
    async def check() -> None:
        talking = Talking(
            bench,
            ("a", talker("talk.b"), (Every(5),)),
            ("b", talker(on_message=MEASURE + if_number(3, TRAP)), (MessageFilter("talk.b"),)),
        )
        with pytest.raises(StopError, match=r"^trap: unreachable") as stop:
            await talking.task
        assert stop.value.component == "b"
        assert stop.value.fuel > 0
        assert talking.got("b") == [0, 1, 2, 3]

    run(check)


@pytest.mark.parametrize("on_message", [HOUR, SPIN])
def test_a_stop_does_not_wait_for_what_is_queued(bench: Bench, on_message: str) -> None:
    async def check() -> None:
        talking = Talking(
            bench,
            ("a", talker("talk.b", on_run=9), (Every(5),)),
            ("b", talker(on_message=MEASURE + on_message), (MessageFilter("talk.b"),)),
        )
        await talking.until(lambda: talking.got("b") != [] and len(talking.ended) > 2)
        await talking.stop()
        assert len(talking.got("b")) == 1

    run(check)


def test_messages_of_an_update_go_to_the_release_before_or_to_the_next_one(bench: Bench) -> None:
    async def check() -> None:
        sender = Talking(bench, ("a", talker("talk.b"), (Every(5),)))
        hearing = ("b", talker(on_message=MEASURE + wait(2)), (MessageFilter("talk.b"),))
        releases = [Talking(bench, hearing)]
        await releases[0].loaded.wait()
        for _ in range(4):
            await releases[-1].until(lambda: len(releases[-1].got("b")) > 10)
            releases.append(Talking(bench, hearing, loaded=releases[-1].running.hold))
        await releases[-1].until(lambda: len(releases[-1].got("b")) > 10)
        await sender.stop()
        for release in releases:
            await release.stop()
        got = [number for release in releases for number in release.got("b")]
        assert sorted(got) == sorted(set(got)), "none twice"
        drops = sum(sum(release.sinks["b"].drops) for release in releases)
        assert len(got) + drops >= max(got) - min(got) + 1, "none lost"

    run(check)


def test_who_publishes_during_an_update_waits_for_the_next_release(bench: Bench) -> None:
    heard: list[str] = []
    end = bench.bus.subscribe("talk.b", lambda _message: heard.append("before"))
    publishing = threading.Thread(target=send, args=(bench, 1))
    with bench.bus.still():
        end()
        publishing.start()
        publishing.join(0.1)
        bench.bus.subscribe("talk.b", lambda _message: heard.append("after"))
    publishing.join()
    assert heard == ["after"]
