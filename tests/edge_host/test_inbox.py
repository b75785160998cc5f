"""What threads leave for the event loop arrives, all of it and in order."""

from __future__ import annotations

import asyncio
import threading

import pytest

from edge_host.inbox import Inbox


def test_all_that_threads_leave_is_taken_in_their_order() -> None:
    async def check() -> list[tuple[int, int]]:
        taken: list[tuple[int, int]] = []
        inbox = Inbox(taken.append)

        def leave(giver: int) -> None:
            for number in range(500):
                inbox.put((giver, number))

        threads = [threading.Thread(target=leave, args=(giver,)) for giver in range(4)]
        for thread in threads:
            thread.start()
        async with asyncio.timeout(20):
            while len(taken) < 2000:  # noqa: ASYNC110 it is filled by threads
                await asyncio.sleep(0.001)
        inbox.put((0, 500))
        async with asyncio.timeout(20):
            while len(taken) < 2001:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return taken

    taken = asyncio.run(check())
    for giver in range(4):
        assert [number for one, number in taken if one == giver][:500] == list(range(500))


def test_what_cannot_be_taken_holds_up_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def check() -> list[int]:
        taken: list[int] = []
        done = asyncio.Event()

        def take(item: int) -> None:
            if item == 1:
                raise LookupError("not this one")
            taken.append(item)
            if item == 2:
                done.set()

        inbox = Inbox(take)
        for item in range(3):
            inbox.put(item)
        async with asyncio.timeout(20):
            await done.wait()
        return taken

    assert asyncio.run(check()) == [0, 2]
    assert "not this one" in caplog.text
