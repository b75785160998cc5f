"""How long a running call may compute: fuel, and the clock for what fuel cannot see.

Both count computing alone: while a guest waits in a host function, for a timer, an edge, a message or another
component, its clock stands still. A **handler** has its fuel for the whole call. A **service**, whose call does not
end, has what its refill gives in the seconds that a call may compute; a wait lasts at least until the refill has
covered what was used before it. It is slowed down to its rate, and stopped only when it computes on and on without a
wait, in which alone this engine can hold it back.

At every epoch a running guest asks whether it may go on. So a call ends within an epoch of its deadline, and of a
cancellation, wherever it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from edge_host import engine, epochs
from edge_host.interfaces.signal import Signal
from edge_host.store import Store
from edge_host.threads import hand_over
from wire.descriptor import Limits


class Span:
    """Something that lasts as long as a ``with`` block; `end` is told whether an exception left it."""

    __slots__ = ("_begin", "_end")

    def __init__(self, begin: Callable[[], None], end: Callable[[bool], None]) -> None:
        self._begin = begin
        self._end = end

    def __enter__(self) -> None:
        self._begin()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._end(kind is not None)


class Pace:
    """Fuel and clock of one guest; belongs to the thread that calls it. `close` it after its store."""

    def __init__(self, store: Store, ticker: engine.EpochTicker, limits: Limits, signal: Signal) -> None:
        """Of the guest in `store`; `watch` begins with each instance."""
        self._store = store
        self._ticker = ticker
        self._limits = limits
        self._signal = signal
        self._is_service = False
        self._given = 0
        self._deadline = 0.0
        self._waits_since = 0.0
        self._calling = Span(self._compute, self._end_call)
        self._waiting = Span(self._wait, self._go_on)
        self._number = epochs.number_of(self._may_go_on)

    def close(self) -> None:
        """Forget the guest."""
        epochs.forget(self._number)

    def watch(self) -> None:
        """Ask the instance that is made in the store whether it may go on, from the next epoch on.

        A deadline in epochs that has passed by the next call makes that call ask at once, which is no harm.
        """
        epochs.watch(self._store, self._number)
        self._store.set_epoch_deadline(1)

    def call(self, *, is_service: bool = False) -> Span:
        """Hold while the guest is called."""
        self._is_service = is_service
        self._given = self.most
        self._store.set_fuel(self._given)
        return self._calling

    def resume(self, begun: float) -> None:
        """Go on after the call of another component, which paced itself, as after a wait that began at `begun`."""
        if self._is_service:
            self._wait()
            self._waits_since = begun
            self._go_on(failed=False)
        else:
            self._deadline = time.monotonic() + engine.CALL_SECONDS

    def waiting(self) -> Span:
        """Hold while a host function waits on behalf of the guest."""
        return self._waiting

    @property
    def fuel_used(self) -> int:
        """What the last call has used."""
        return self._given - self._store.get_fuel()

    @property
    def span(self) -> str:
        """What `most` is for, for people."""
        return "without a wait" if self._is_service else "in one call"

    @property
    def most(self) -> int:
        """The most fuel that may be used in a call, or by a service between two waits."""
        of_call, rate = self._limits.fuel_per_call, self._limits.fuel_per_second
        return max(of_call, int(rate * engine.CALL_SECONDS)) if self._is_service else of_call

    def _may_go_on(self) -> bool:
        return not self._signal.is_cancelled and time.monotonic() < self._deadline

    def _compute(self) -> None:
        self._ticker.begin()
        self._deadline = time.monotonic() + engine.CALL_SECONDS

    def _end_call(self, failed: bool) -> None:
        self._ticker.end()

    def _wait(self) -> None:
        self._ticker.end()
        hand_over()
        self._waits_since = time.monotonic()

    def _go_on(self, failed: bool) -> None:
        try:
            if self._is_service and not failed:
                self._refill(self._waits_since)
        finally:
            self._compute()

    def _refill(self, begun: float) -> None:
        most, rate = self.most, max(1, self._limits.fuel_per_second)
        left = self._store.get_fuel()
        self._signal.wait(lambda: False, begun + (most - left) / rate)
        self._given += most - left
        self._store.set_fuel(most)
