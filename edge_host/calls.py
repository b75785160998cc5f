"""Calls of one component on their way from a trigger to a guest."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from edge_host.errors import StopError
from edge_host.guest import Call
from edge_host.interfaces.signal import CANCELLED
from edge_host.threads import Turn, hand_over

MOST_WAITING = 8
"""Calls that wait for a component, besides those that run."""


class Interruptible(Protocol):
    """An instance that runs a call."""

    def interrupt(self) -> None:
        """Stop it soon, from any thread."""


class Queued:
    """One call: it waits, runs and ends, and nobody asks how. May be used from any thread."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self._instance: Interruptible | None = None
        self.is_cancelled = False

    def cancel(self) -> None:
        """Take it back: it is not begun, or stopped where it is."""
        self.is_cancelled = True
        if self._instance is not None:
            self._instance.interrupt()

    def begin(self) -> bool:
        """Whether it is to run now."""
        return not self.is_cancelled

    def lease(self, instance: Interruptible) -> None:
        """The instance that runs it; told in the thread that calls it."""
        self._instance = instance
        if self.is_cancelled:
            instance.interrupt()

    def end(self, error: str | None) -> None:
        """It ended well, or with an error of the guest."""

    def fail(self, stop: StopError) -> None:
        """It did not end by itself."""


class Pending(Queued):
    """One call whose end somebody in the event loop waits for."""

    def __init__(self, call: Call, begins: Callable[[], bool] | None = None) -> None:
        """`begins` is asked in the event loop, right before the guest is called; No takes the call back."""
        super().__init__(call)
        self._begins = begins
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[str | None] = self._loop.create_future()
        """None for a good call or the text of the guest's error; a `StopError` when there was no end."""
        self.ended.add_done_callback(lambda future: future.cancelled() or future.exception())

    def begin(self) -> bool:
        """Whether it is to run now; a thread of guests waits for the event loop to say so."""
        if self._begins is None or self._is_here():
            return self._may_begin()
        said: Future[bool] = Future()

        def ask() -> None:
            try:
                said.set_result(self._may_begin())
            except BaseException as error:
                said.set_exception(error)

        hand_over()
        self._loop.call_soon_threadsafe(ask)
        return said.result()

    def end(self, error: str | None) -> None:
        """It ended well, or with an error of the guest."""
        self._settle(error, None)

    def fail(self, stop: StopError) -> None:
        """It did not end by itself."""
        self._settle(None, stop)

    def _may_begin(self) -> bool:
        if self.is_cancelled or (self._begins is not None and not self._begins()):
            self.fail(StopError(CANCELLED, "the call was taken back"))
            return False
        return True

    def _settle(self, error: str | None, stop: StopError | None) -> None:
        if not self._is_here():
            with contextlib.suppress(RuntimeError):  # nobody is there any more who waits
                self._loop.call_soon_threadsafe(self._settle, error, stop)
        elif not self.ended.done():
            if stop is None:
                self.ended.set_result(error)
            else:
                self.ended.set_exception(stop)

    def _is_here(self) -> bool:
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False


@dataclass(eq=False)
class Way(Turn):
    """Calls of one kind that wait for a component: at most `lanes` of them run at the same time."""

    lanes: int
    take: Callable[[Way], bool]
    """Runs one of them, from `Calls.begin` to `Calls.end`; what `Turn.run` gives."""
    waiting: deque[Queued] = field(default_factory=deque)
    coming: int = 0
    """Turns that were given and have not begun."""
    running: int = 0
    dropped: int = 0

    def run(self) -> bool:
        """See `Turn.run`."""
        return self.take(self)

    @property
    def is_full(self) -> bool:
        """Whether so many wait that no more may."""
        return len(self.waiting) - self.coming >= MOST_WAITING

    @property
    def is_due(self) -> bool:
        """Whether one of them could run that no turn was given for."""
        return len(self.waiting) > self.coming and self.coming + self.running < self.lanes


class Calls:
    """The calls of one component that wait, on two ways, and how many run. May be used from any thread."""

    def __init__(self, lanes: int, most: int, take: Callable[[Way], bool], give: Callable[[Turn], None]) -> None:
        """At most `most` calls run at the same time, and at most `lanes` from the queue.

        `give` lets a thread take a turn of a way, which runs a call by `take`.
        """
        self.queue = Way(lanes, take)
        self.beside = Way(most, take) if most > 1 else self.queue
        """The way of calls that do not wait for those in the queue."""
        self._ways = {self.queue, self.beside}
        self._most = most
        self._give = give
        self._lock = threading.Lock()
        self._busy = 0
        self._at_rest: Callable[[], None] | None = None

    def offer(self, call: Queued, way: Way) -> bool:
        """Let a call wait; whether there was room."""
        with self._lock:
            if self._at_rest is not None:
                return False
            if way.is_full:
                way.dropped += 1
                return False
            way.waiting.append(call)
            gives = self._gives(way)
        if gives:
            self._give(way)
        return True

    def begin(self, way: Way) -> tuple[Queued | None, int]:
        """The call that waits longest, which runs from now on until `end`, and how many were dropped before.

        None after `close`: there is nothing to run then, and nothing to end.
        """
        with self._lock:
            if self._at_rest is not None:
                return None, 0
            way.coming -= 1
            way.running += 1
            dropped, way.dropped = way.dropped, 0
            return way.waiting.popleft(), dropped

    def end(self, way: Way) -> bool:
        """A call has ended; whether its turn goes on with the next one of the same way."""
        with self._lock:
            way.running -= 1
            self._busy -= 1
            if self._at_rest is not None:
                self._rest(self._at_rest)
                return False
            others = [other for other in self._ways if other is not way and self._gives(other)]
            goes_on = self._gives(way)
        for other in others:
            self._give(other)
        return goes_on

    def close(self, stop: StopError, at_rest: Callable[[], None]) -> None:
        """Tell all that wait that they will not run, and call `at_rest` once none runs any more."""
        left: list[Queued] = []
        with self._lock:
            self._at_rest = at_rest
            for way in self._ways:
                left += way.waiting
                way.waiting.clear()
            self._rest(at_rest)
        for call in left:
            call.fail(stop)

    def _gives(self, way: Way) -> bool:
        """Whether another turn of a way is to be given; it is counted then."""
        gives = self._busy < self._most and way.is_due
        way.coming += gives
        self._busy += gives
        return gives

    def _rest(self, at_rest: Callable[[], None]) -> None:
        if not any(way.running for way in self._ways):
            at_rest()
