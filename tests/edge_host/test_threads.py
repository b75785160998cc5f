"""Turns that threads of guests take, and the calls of a component that wait for them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_host import threads
from edge_host.calls import MOST_WAITING, Calls, Pending, Queued, Way
from edge_host.errors import StopError
from edge_host.guest import Call
from edge_host.threads import GuestThreads, Turn, hand_over

SECONDS = 20


class Does(Turn):
    """A turn of one call."""

    def __init__(self, work: Callable[[], object], *, is_short: bool = True) -> None:
        self._work = work
        self.is_short = is_short
        self.thread: int | None = None
        self.ended = threading.Event()

    def run(self) -> bool:
        self.thread = threading.get_ident()
        self._work()
        self.ended.set()
        return False


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[GuestThreads]:
    """Threads for which no call is long."""
    monkeypatch.setattr(threads, "SHORT_SECONDS", 1e9)
    with GuestThreads(8) as made:
        yield made


def take_all(pool: GuestThreads, giver: Turn, *given: Does) -> None:
    pool.give(giver)
    assert all(turn.ended.wait(SECONDS) for turn in given)


def test_a_turn_that_a_short_call_gives_is_taken_after_it_in_its_thread(pool: GuestThreads) -> None:
    second = Does(lambda: None)
    before_its_end = []

    def work() -> None:
        pool.give(second)
        before_its_end.append(second.ended.is_set())

    first = Does(work)
    take_all(pool, first, first, second)
    assert before_its_end == [False]
    assert second.thread == first.thread


def test_a_second_turn_of_a_call_has_another_thread(pool: GuestThreads) -> None:
    kept, other = Does(lambda: None), Does(lambda: None)

    def work() -> None:
        pool.give(kept)
        pool.give(other)
        assert other.ended.wait(SECONDS), "it does not wait for the call"
        assert not kept.ended.is_set()

    take_all(pool, Does(work), kept, other)
    assert kept.thread != other.thread


@pytest.mark.parametrize("shorts", [(False, True), (True, False)])
def test_what_is_not_short_has_another_thread(pool: GuestThreads, shorts: tuple[bool, bool]) -> None:
    second = Does(lambda: None, is_short=shorts[1])

    def work() -> None:
        pool.give(second)
        assert second.ended.wait(SECONDS)

    take_all(pool, Does(work, is_short=shorts[0]), second)


def test_a_call_that_waits_hands_over_what_its_thread_keeps(pool: GuestThreads) -> None:
    second = Does(lambda: None)

    def work() -> None:
        pool.give(second)
        hand_over()
        assert second.ended.wait(SECONDS)

    take_all(pool, Does(work), second)


def test_a_call_that_runs_on_loses_what_its_thread_keeps(pool: GuestThreads) -> None:
    second = Does(lambda: None)

    def work() -> None:
        pool.give(second)
        pool.look()
        assert not second.ended.is_set()
        pool.look()
        assert second.ended.wait(SECONDS)

    take_all(pool, Does(work), second)


def test_a_call_that_took_long_gives_its_thread_to_nobody_else(
    pool: GuestThreads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "SHORT_SECONDS", 0.0)
    second = Does(lambda: None)
    first = Does(lambda: pool.give(second))
    take_all(pool, first, first, second)
    assert not first.is_short


def test_what_a_broken_turn_kept_is_taken_all_the_same(pool: GuestThreads, caplog: pytest.LogCaptureFixture) -> None:
    second = Does(lambda: None)

    def work() -> None:
        pool.give(second)
        raise LookupError("broken")

    take_all(pool, Does(work), second)
    assert "broken" in caplog.text


def new_calls(lanes: int, most: int, given: list[Turn]) -> Calls:
    return Calls(lanes, most, lambda _way: False, given.append)


@given(st.integers(1, 3), st.integers(1, 4), st.lists(st.sampled_from("qbBEC"), max_size=60))
def test_calls_keep_their_order_and_their_bounds(lanes: int, most: int, steps: list[str]) -> None:
    """Offers to the queue and beside it, begins, ends and a close in any order."""
    given: list[Turn] = []
    lanes = min(lanes, most)
    calls = new_calls(lanes, most, given)
    offered: dict[Way, list[Queued]] = {calls.queue: [], calls.beside: []}
    begun: dict[Way, list[Queued]] = {calls.queue: [], calls.beside: []}
    running: list[Way] = []
    failed: list[Queued] = []
    rests: list[int] = []
    is_closed = False

    class Told(Queued):
        def fail(self, stop: StopError) -> None:
            failed.append(self)

    for step in steps:
        if step in "qb":
            way, call = calls.queue if step == "q" else calls.beside, Told(Call("a", "b"))
            waited = len(offered[way]) - len(begun[way]) - given.count(way)
            took = calls.offer(call, way)
            assert took == (not is_closed and waited < MOST_WAITING)
            offered[way] += [call] * took
        elif step == "B" and given:
            turn = given.pop(0)
            assert isinstance(turn, Way)
            taken, _ = calls.begin(turn)
            assert (taken is None) == is_closed
            if taken is not None:
                begun[turn].append(taken)
                running.append(turn)
        elif step == "E" and running:
            way = running.pop()
            if calls.end(way):
                given.append(way)
        elif step == "C" and not is_closed:
            is_closed = True
            calls.close(StopError("cancelled", "closed"), lambda: rests.append(len(running)))
        if not is_closed:
            assert running.count(calls.queue) + given.count(calls.queue) <= lanes
            assert len(running) + len(given) <= most
            waiting = any(len(offered[way]) > len(begun[way]) + given.count(way) for way in {*offered})
            assert given or running or not waiting, "nobody would ever run what waits"
        for way, order in begun.items():
            assert order == offered[way][: len(order)]
    if is_closed:
        everything = {*offered[calls.queue], *offered[calls.beside]}
        assert {*failed} == everything - {*begun[calls.queue], *begun[calls.beside]}
        while running:
            assert not calls.end(running.pop())
        assert rests
        assert rests[-1] == 0


def test_every_call_of_many_threads_runs_once_in_its_order() -> None:
    """Each of some threads offers numbers until there is room; one component handles them, one after the other."""
    numbers, givers = 300, 4
    handled: list[tuple[int, int]] = []
    at_once = 0
    done, at_rest = threading.Event(), threading.Event()

    class Numbered(Queued):
        def __init__(self, giver: int, number: int) -> None:
            super().__init__(Call("a", "b"))
            self.number = (giver, number)

    def take(way: Way) -> bool:
        nonlocal at_once
        call, _ = calls.begin(way)
        if call is None:
            return False
        at_once += 1
        assert at_once == 1
        assert isinstance(call, Numbered)
        handled.append(call.number)
        at_once -= 1
        if len(handled) == numbers * givers:
            done.set()
        return calls.end(way)

    with GuestThreads(8) as pool:
        calls = Calls(1, 1, take, pool.give)

        def offer(giver: int) -> None:
            for number in range(numbers):
                while not calls.offer(Numbered(giver, number), calls.queue):
                    pool.look()

        offering = [threading.Thread(target=offer, args=(giver,)) for giver in range(givers)]
        for thread in offering:
            thread.start()
        assert done.wait(SECONDS)
        for thread in offering:
            thread.join()
        calls.close(StopError("cancelled", "closed"), at_rest.set)
        assert at_rest.wait(SECONDS)
    for giver in range(givers):
        assert [number for one, number in handled if one == giver] == list(range(numbers))


def test_a_call_asks_the_event_loop_from_a_thread_whether_it_begins() -> None:
    async def check() -> None:
        loop = asyncio.get_running_loop()
        asked: list[int] = []
        answers = iter([True, False])

        def begins() -> bool:
            asked.append(threading.get_ident())
            return next(answers)

        first, second = Pending(Call("a", "b"), begins), Pending(Call("a", "b"), begins)
        assert await loop.run_in_executor(None, first.begin)
        assert not await loop.run_in_executor(None, second.begin)
        assert asked == [threading.get_ident()] * 2
        await loop.run_in_executor(None, first.end, "its text")
        assert await first.ended == "its text"
        with pytest.raises(StopError, match="taken back"):
            await second.ended

    asyncio.run(check())
