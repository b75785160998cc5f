"""Runs the calls of one component: from its triggers through its queue to an instance of its pool.

Calls of the queue run one after the other, or as many at a time as `max_concurrency` says; HTTP requests, and runs of a
schedule that may overlap, run beside them. All of them share the fuel of the component: while its refill has not
covered what was used, the next call waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from edge_host.calls import Calls, Pending
from edge_host.errors import OverloadError, StopError
from edge_host.guest import Call, has_export
from edge_host.interfaces.context import TELL_SECONDS, Rate
from edge_host.interfaces.signal import CANCELLED
from edge_host.pool import Pool
from edge_host.routes import Prepare
from edge_host.triggers import SERVE, Triggers, Ways
from wire.errors import WireError
from wire.interfaces import HTTP_HANDLER, PROBE

if TYPE_CHECKING:
    from edge_host.runner import Host, Part

log = logging.getLogger(__name__)

Result = TypeVar("Result")
IDLE_CHECK = 15.0
"""Seconds between two looks for idle instances."""


class Serving:
    """The calls of one component from `start` until `run` is cancelled. Belongs to the event loop's thread."""

    def __init__(
        self, host: Host, workload: str, part: Part, pool: Pool, called: Callable[[Part, str | None], None]
    ) -> None:
        self._host = host
        self._part = part
        self._pool = pool
        self._called = called
        self._told = Rate(1, TELL_SECONDS)
        self._queue = Calls(part.sink.dropped)
        self._beside = Calls(lambda count: None)
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._triggers = Triggers(workload, part.described, host, Ways(self._queue, self._offer, self._request))

    def start(self) -> None:
        """Let the triggers call; raises `RefusedError` for an input that this host does not have."""
        self._triggers.start()

    def hold(self) -> None:
        """Let no trigger call any more, until `start`; calls that wait or run go on."""
        self._triggers.close()

    @property
    def has_probe(self) -> bool:
        """Whether the component exports a health probe."""
        return has_export(self._host.engine, self._part.code, PROBE.full_name)

    async def check_health(self) -> str | None:
        """Ask the component's health probe; what is wrong, or None. Raises `StopError`."""
        pending = Pending(Call(PROBE.full_name, "check"))
        if not self._offer(pending, True):
            return f"too many calls wait for component {self._part.described.name}"
        return await asyncio.shield(pending.ended)

    async def run(self) -> None:
        """Run calls until cancelled; raises `StopError`, which names the component, when an instance was stopped."""
        rules = self._pool.rules
        free = asyncio.Semaphore(rules.most)
        self._spawn(self._feed(self._queue, asyncio.Semaphore(rules.lanes), free))
        if rules.most > 1:
            self._spawn(self._feed(self._beside, asyncio.Semaphore(rules.most), free))
        if rules.idle_seconds is not None:
            self._spawn(self._drop_idle())
        try:
            await self._stopped
        finally:
            self._triggers.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._queue.close(_stopping())
            self._beside.close(_stopping())

    def _offer(self, pending: Pending, beside: bool) -> bool:
        return (self._beside if beside and self._pool.rules.most > 1 else self._queue).offer(pending)

    async def _request(self, prepare: Prepare) -> None:
        """Answer an HTTP request (`edge_host.routes`)."""
        pending = Pending(Call(HTTP_HANDLER.full_name, "handle", prepare=prepare))
        if not self._offer(pending, True):
            raise OverloadError(f"too many requests wait for component {self._part.described.name}")
        try:
            await asyncio.shield(pending.ended)
        except asyncio.CancelledError:
            pending.cancel()
            raise

    async def _feed(self, calls: Calls, lanes: asyncio.Semaphore, free: asyncio.Semaphore) -> None:
        while True:
            await lanes.acquire()
            pending = await calls.next()
            try:
                await free.acquire()
                await self._rest()
            except asyncio.CancelledError:
                pending.fail(_stopping())
                raise
            self._spawn(self._run(pending, (lanes, free)))

    async def _rest(self) -> None:
        """Wait until the refill has covered the fuel of the calls before."""
        loop = asyncio.get_running_loop()
        while (left := self._pool.rested_at - loop.time()) > 0:
            if self._told.may_tell():
                self._part.sink.limit("fuel-per-second", self._part.described.limits.fuel_per_second)
            await asyncio.sleep(left)

    async def _run(self, pending: Pending, held: tuple[asyncio.Semaphore, ...]) -> None:
        try:
            if not pending.begin():
                return
            loop = asyncio.get_running_loop()
            work = partial(self._pool.handle, pending.call, pending.lease)
            error = await finish(loop.run_in_executor(self._host.pool, work))
            if pending.call is SERVE:
                raise StopError("error", error or "the service ended")
            pending.end(error)
            if pending.call.interface != PROBE.full_name:
                self._called(self._part, error)
        except StopError as stop:
            told = stop.of(self._part.described.name)
            pending.fail(told)
            if not pending.is_cancelled and not self._stopped.done():
                self._stopped.set_exception(told)
        except Exception as error:
            log.exception("a call of component %s failed", self._part.described.name)
            failed = StopError("error", f"{error!r}", component=self._part.described.name)
            pending.fail(failed)
            if not self._stopped.done():
                self._stopped.set_exception(error if isinstance(error, WireError) else failed)
        finally:
            pending.fail(_stopping())
            for semaphore in held:
                semaphore.release()

    async def _drop_idle(self) -> None:
        while True:
            await asyncio.sleep(IDLE_CHECK)
            await finish(asyncio.get_running_loop().run_in_executor(self._host.pool, self._pool.drop_idle))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _stopping() -> StopError:
    return StopError(CANCELLED, "the workload is being stopped")


async def finish(work: asyncio.Future[Result]) -> Result:
    """The result of work in a thread, which cannot be interrupted: a cancellation waits for its end."""
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        work.exception()  # it belongs to a call that nobody waits for any more
        raise
