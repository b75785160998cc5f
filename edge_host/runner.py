"""Runs one component on its schedule, in threads of a bounded pool, until it is stopped or cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import wasmtime
from wasmtime.component import Component as WasmComponent

from edge_host.engine import EpochTicker
from edge_host.guest import Guest
from edge_host.interfaces.context import GuestContext, Sink
from edge_host.labels import Labels
from wire.descriptor import Component
from wire.triggers import Every

NEVER_SECONDS = 10 * 365 * 86_400.0
Result = TypeVar("Result")


@dataclass(frozen=True)
class Host:
    """What all guests of this process share."""

    engine: wasmtime.Engine
    ticker: EpochTicker
    pool: Executor
    labels: Labels


async def run_on_schedule(
    host: Host, code: WasmComponent, component: Component, sink: Sink, called: Callable[[str | None], None]
) -> None:
    """Call the handler at each trigger; `called` gets the guest's error text, or None for a good call.

    Runs until cancelled. Raises `StopError` when the guest is stopped, `RefusedError` when it does not fit this host.
    Triggers that come due during a call are not made up for, and a guest that used much fuel waits until its refill
    covers it.
    """
    loop = asyncio.get_running_loop()
    context = GuestContext(component.grants, component.limits, component.config, host.labels, sink)
    making = loop.run_in_executor(host.pool, partial(Guest, host.engine, host.ticker, code, context))
    try:
        guest = await _finish(making)
        schedule = _Schedule(component, loop.time())
        while True:
            await asyncio.sleep(schedule.next() - loop.time())
            start = loop.time()
            called(await _finish(loop.run_in_executor(host.pool, guest.call)))
            schedule.ran(start, loop.time(), guest.fuel_used)
    finally:
        if making.done() and not making.cancelled() and making.exception() is None:
            await _finish(loop.run_in_executor(host.pool, making.result().close))


class _Schedule:
    """When the handler runs next, in seconds of the event loop's clock."""

    def __init__(self, component: Component, start: float) -> None:
        self._intervals = [trigger.interval / 1000 for trigger in component.triggers if isinstance(trigger, Every)]
        self._due = [start + interval for interval in self._intervals]
        self._fuel_per_second = max(1, component.limits.fuel_per_second)
        self._rested = start
        self._never = start + NEVER_SECONDS

    def next(self) -> float:
        return max(min(self._due, default=self._never), self._rested)

    def ran(self, start: float, end: float, fuel: int) -> None:
        self._rested = start + fuel / self._fuel_per_second
        for index, interval in enumerate(self._intervals):
            if self._due[index] <= start:
                self._due[index] += interval * (1 + (end - self._due[index]) // interval)


async def _finish(work: asyncio.Future[Result]) -> Result:
    """The result of work in a thread, which cannot be interrupted: a cancellation waits for its end."""
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise
