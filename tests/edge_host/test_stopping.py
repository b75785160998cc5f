"""What runs until it is cancelled ends, even when what it waits for comes in the same instant."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from edge_host.reporter import Reporter


async def ends(work: Awaitable[object], happens: Callable[[], object]) -> bool:
    """Whether work that waits ends when it is cancelled just after that for which it waits `happens`."""
    task = asyncio.ensure_future(work)
    for _ in range(3):
        await asyncio.sleep(0)
    happens()
    await asyncio.sleep(0)
    task.cancel()
    for _ in range(10):
        await asyncio.sleep(0)
    ended = task.cancelled()
    while not task.done():
        task.cancel()
        await asyncio.sleep(0)
    return ended


def test_reports_end() -> None:
    async def go() -> bool:
        reporter = Reporter({"edge-1": lambda: None}, lambda *_: True)
        return await ends(reporter.run(), reporter.all_changed)

    assert asyncio.run(go())
