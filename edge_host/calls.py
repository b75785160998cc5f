"""Calls of one component on their way from a trigger to a guest."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from edge_host.errors import StopError
from edge_host.guest import Call
from edge_host.interfaces.signal import CANCELLED

MOST_WAITING = 8
"""Calls that wait for a component, besides those that run."""


class Interruptible(Protocol):
    """An instance that runs a call."""

    def interrupt(self) -> None:
        """Stop it soon, from any thread."""


class Pending:
    """One call: it waits, runs and ends. Belongs to the event loop's thread but for `lease`."""

    def __init__(self, call: Call, begins: Callable[[], bool] | None = None) -> None:
        """`begins` is asked right before the guest is called; the call is taken back when it says no."""
        self.call = call
        self._begins = begins
        self._instance: Interruptible | None = None
        self.is_cancelled = False
        self.ended: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        """None for a good call or the text of the guest's error; a `StopError` when there was no end."""
        self.ended.add_done_callback(lambda future: future.cancelled() or future.exception())

    def cancel(self) -> None:
        """Take it back: it is not begun, or stopped where it is."""
        self.is_cancelled = True
        if self._instance is not None:
            self._instance.interrupt()

    def begin(self) -> bool:
        """Whether it is to run now."""
        if self.is_cancelled or (self._begins is not None and not self._begins()):
            self.fail(StopError(CANCELLED, "the call was taken back"))
            return False
        return True

    def lease(self, instance: Interruptible) -> None:
        """The instance that runs it; told in the thread that calls it."""
        self._instance = instance
        if self.is_cancelled:
            instance.interrupt()

    def end(self, error: str | None) -> None:
        """It ended well, or with an error of the guest."""
        if not self.ended.done():
            self.ended.set_result(error)

    def fail(self, stop: StopError) -> None:
        """It did not end by itself."""
        if not self.ended.done():
            self.ended.set_exception(stop)


class Calls:
    """Calls that wait for one component. Belongs to the event loop's thread but for `offer_soon`."""

    def __init__(self, dropped: Callable[[int], None]) -> None:
        """`dropped` is told how many calls found no room, once there is room again."""
        self._tell_dropped = dropped
        self._dropped = 0
        self._waiting: deque[Pending] = deque()
        self._wanted = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def offer(self, pending: Pending) -> bool:
        """Queue a call; whether there was room."""
        if len(self._waiting) >= MOST_WAITING:
            self._dropped += 1
            return False
        self._waiting.append(pending)
        self._wanted.set()
        return True

    def offer_soon(self, call: Call) -> None:
        """Queue a call, from any thread."""
        self._loop.call_soon_threadsafe(lambda: self.offer(Pending(call)))

    async def next(self) -> Pending:
        """The call that waits longest, once there is one."""
        while not self._waiting:
            self._wanted.clear()
            await self._wanted.wait()
        if self._dropped:
            self._tell_dropped(self._dropped)
            self._dropped = 0
        return self._waiting.popleft()

    def close(self, stop: StopError) -> None:
        """Tell all that wait that they will not run."""
        while self._waiting:
            self._waiting.popleft().fail(stop)
