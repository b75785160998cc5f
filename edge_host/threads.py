"""The threads that call guests, and how components with calls to run share them.

A component that has a call to run is given a **turn**: one call, in some thread. A turn that a guest's own call gives,
by a message that it publishes, is kept by that guest's thread for when the call is over: to wake another thread takes
longer than most calls, as Python's lock goes with it from core to core. So messages run from component to component
in one thread, one call after the other, each with its own deadline.

What is kept goes to a thread of its own as soon as keeping it could hold it up: when the call waits for whatever, when
it runs on into another epoch, when it gives a second turn, and where calls of either component are not short.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)

SHORT_SECONDS = 0.001
"""Calls that take longer are worth a thread of their own."""


class Turn:
    """Runs the calls of one component, one each time; in one thread, or in several at the same time."""

    is_short = False
    """Whether its last call was short."""

    def run(self) -> bool:
        """Run one call; whether the same turn goes on with another one. Raises nothing."""
        raise NotImplementedError


class _Kept(threading.local):
    """What a thread runs; nothing outside of the threads of guests."""

    round: _Round | None = None


_here = _Kept()


class _Round:
    """The turns that one thread takes, one after the other. Others take away what waits, by `hand_over` alone."""

    def __init__(self, threads: GuestThreads) -> None:
        self._threads = threads
        self._waiting: deque[Turn] = deque()
        self._now: Turn | None = None
        self._has_kept = False
        self._calls = 0
        self._seen = 0

    def keeps(self, turn: Turn) -> bool:
        """Keep a turn that the present call gives; False when it should have another thread."""
        if self._has_kept or self._now is None or not (turn.is_short and self._now.is_short):
            return False
        self._has_kept = True
        self._waiting.append(turn)
        return True

    def take(self, turn: Turn) -> None:
        """Run a turn, and those that are kept meanwhile."""
        waiting = self._waiting
        while True:
            self._now, self._has_kept, begun = turn, False, time.monotonic()
            self._calls += 1
            goes_on = turn.run()
            turn.is_short = time.monotonic() - begun < SHORT_SECONDS
            if not turn.is_short:
                self.hand_over()
            if goes_on:
                waiting.append(turn)
            try:
                turn = waiting.popleft()
            except IndexError:
                return

    def look(self) -> None:
        """Hand over what waits when the call of the last look still runs."""
        if self._seen == self._calls:
            self.hand_over()
        self._seen = self._calls

    def hand_over(self) -> None:
        """Give what waits to other threads; may be called from any thread."""
        while self._waiting:
            try:
                turn = self._waiting.popleft()
            except IndexError:  # another thread took it
                return
            self._threads.begin(turn)


class GuestThreads(ThreadPoolExecutor):
    """Threads for calls of guests, and for whatever else takes long. May be used from any thread."""

    def __init__(self, most: int) -> None:
        """There are never more than `most`."""
        super().__init__(most, thread_name_prefix="guest")
        self._rounds: set[_Round] = set()
        self._rounds_lock = threading.Lock()

    def give(self, turn: Turn) -> None:
        """Let a turn be taken: after the call of this thread where it is short, else in another thread."""
        here = _here.round
        if here is None or not here.keeps(turn):
            self.begin(turn)

    def begin(self, turn: Turn) -> None:
        """Let a turn be taken in another thread; after `shutdown` there is nothing that it could call."""
        with contextlib.suppress(RuntimeError):
            self.submit(self._take, turn)

    def look(self) -> None:
        """Give other threads to the turns that have waited since the last look for the end of the same call."""
        with self._rounds_lock:
            rounds = list(self._rounds)
        for one in rounds:
            one.look()

    def _take(self, turn: Turn) -> None:
        mine = _here.round = _Round(self)
        with self._rounds_lock:
            self._rounds.add(mine)
        try:
            mine.take(turn)
        except BaseException:
            log.exception("a thread for guests failed")
        finally:
            _here.round = None
            with self._rounds_lock:
                self._rounds.discard(mine)
            mine.hand_over()


def hand_over() -> None:
    """Called by a thread that is going to wait: let other threads take the turns that it keeps."""
    here = _here.round
    if here is not None:
        here.hand_over()
