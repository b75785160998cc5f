"""Runs the calls of one component: from its triggers through its queue to an instance of its pool.

Calls of the queue run one after the other, or as many at a time as `max_concurrency` says; HTTP requests, and runs of a
schedule that may overlap, run beside them. All of them share the fuel of the component: while its refill has not
covered what was used, the next call waits.

A thread that has ended a call goes on with the next one (`edge_host.threads`); the event loop is told only of calls
whose end somebody waits for, and of stops.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from edge_host.calls import Calls, Pending, Queued, Way
from edge_host.errors import OverloadError, StopError
from edge_host.guest import Call, has_export
from edge_host.interfaces.context import TELL_SECONDS, Rate
from edge_host.interfaces.signal import CANCELLED
from edge_host.isolation import Isolation, Spares
from edge_host.pool import Pool
from edge_host.routes import Prepare
from edge_host.triggers import SERVE, START, Triggers, Ways
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
        self,
        host: Host,
        workload: str,
        part: Part,
        pool: Pool,
        called: Callable[[Part, str | None], None],
        *,
        spares: Spares,
    ) -> None:
        """`called` is told of each call that ended, in the thread of the call; `spares` see `edge_host.isolation`."""
        self._host = host
        self._part = part
        self._pool = pool
        self._called = called
        self._isolation = Isolation(START, keeps_one=pool.rules.keeps_one, spares=spares)
        self._told = Rate(1, TELL_SECONDS)
        self._loop = asyncio.get_running_loop()
        self._stopped: asyncio.Future[None] = self._loop.create_future()
        rules = pool.rules
        self._calls = Calls(rules.lanes, rules.most, self._take, host.pool.give)
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
        """Run calls until cancelled; raises `StopError`, which names the component, when a stop ends all of them."""
        dropping = asyncio.create_task(self._drop_idle()) if self._pool.rules.idle_seconds is not None else None
        try:
            await self._stopped
        finally:
            self._triggers.close()
            self._pool.cancel()
            await self._end_calls()
            if dropping is not None:
                dropping.cancel()
                await asyncio.wait([dropping])

    async def _end_calls(self) -> None:
        """Wait for the calls that run, which cannot be left alone, whoever cancels what."""
        at_rest = asyncio.Event()
        self._calls.close(_stopping(), lambda: self._tell(at_rest.set))
        while not at_rest.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await at_rest.wait()

    def _queue(self, call: Call) -> None:
        """Queue a call that nobody waits for, from any thread; without room it is dropped, which is told later."""
        self._calls.offer(Queued(call), self._calls.queue)

    def _offer(self, pending: Pending, beside: bool) -> bool:
        return self._calls.offer(pending, self._calls.beside if beside else self._calls.queue)

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

    # In the threads of guests

    def _take(self, way: Way) -> bool:
        """Run the next call of a way, unless it has to wait for fuel; whether there is another one."""
        left = self._pool.rested_at - time.monotonic()
        if left > 0:
            if self._told.may_tell():
                self._part.sink.limit("fuel-per-second", self._part.described.limits.fuel_per_second)
            self._tell(self._loop.call_later, left, self._host.pool.give, way)
            return False
        call, dropped = self._calls.begin(way)
        if call is None:
            return False
        if dropped and way is self._calls.queue:
            self._part.sink.dropped(dropped)
        self._run(call)
        return self._calls.end(way)

    def _run(self, queued: Queued) -> None:
        name = self._part.described.name
        try:
            if not queued.begin():
                return
            error = self._pool.handle(queued.call, queued.lease)
            self._isolation.went_well()
            if queued.call is SERVE:
                raise StopError("error", error or "the service ended")
            if queued.call.interface != PROBE.full_name:
                self._called(self._part, error)
            queued.end(error)
        except StopError as stop:
            told = stop.of(name)
            queued.fail(told)
            if stop.kind != CANCELLED:
                self._tell(self._stop_call, queued.call, told)
        except BaseException as error:
            log.exception("a call of component %s failed", name)
            failed = StopError("error", f"{error!r}", component=name)
            queued.fail(failed)
            self._tell(self._stop, error if isinstance(error, WireError) else failed)
        finally:
            queued.fail(_stopping())

    def _tell(self, do: Callable[..., object], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the event loop has ended
            self._loop.call_soon_threadsafe(do, *arguments)

    # In the event loop

    def _stop_call(self, call: Call, stop: StopError) -> None:
        if not self._stopped.done() and not self._isolation.ends_alone(call, stop):
            self._stop(stop)

    def _stop(self, error: Exception) -> None:
        if not self._stopped.done():
            self._stopped.set_exception(error)

    async def _drop_idle(self) -> None:
        while True:
            await asyncio.sleep(IDLE_CHECK)
            if self._pool.holds_unused:
                await finish(self._loop.run_in_executor(self._host.pool, self._pool.drop_idle))


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
