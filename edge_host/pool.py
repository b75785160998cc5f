"""The instances of one component: made when they are needed, kept warm where that was asked for, dropped when idle.

| Component | Instances |
|---|---|
| with no `pool_size` | a new one for each call |
| with `pool_size` 1, or a service | one, which stays, as on a board |
| with a larger `pool_size` | that many are kept warm between calls, as long as they are called |

A call takes an instance from the pool and gives it back; one that was stopped is thrown away, with all that it held.
Fuel, rates and what may be kept are those of the component, however many instances it has; memory is limited for each
instance, of which there are never more than `PoolRules.most`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from edge_host.calling import Values
from edge_host.errors import StopError
from edge_host.guest import Call, Caller, Guest
from edge_host.interfaces.signal import CANCELLED
from edge_host.threads import hand_over
from wire.descriptor import Component
from wire.edge_options import EdgeOptions
from wire.triggers import Service

MOST_INSTANCES = 16
"""Instances of a component at the same time where it sets neither `max_concurrency` nor a larger `pool_size`."""
IDLE_SECONDS = 60.0
"""Seconds after which a warm instance is dropped that nobody called."""


@dataclass(frozen=True)
class PoolRules:
    """How many instances there are at once (`most`) and between calls (`warm`).

    One is dropped after `max_invocations` calls (0: never) or `idle_seconds` without a call (None: never). `lanes` is
    how many calls of the queue run at the same time; HTTP requests and runs that may overlap take what is left. The
    defaults are those of a component that keeps its one instance.
    """

    most: int = 1
    warm: int = 1
    lanes: int = 1
    max_invocations: int = 0
    idle_seconds: float | None = None

    @property
    def keeps_one(self) -> bool:
        """Whether what a call leaves in memory is there at the next one, as on a board."""
        return self.most == self.warm == 1

    @staticmethod
    def of(component: Component) -> PoolRules:
        """The rules that a descriptor gives a component."""
        edge = component.edge or EdgeOptions()
        if any(isinstance(trigger, Service) for trigger in component.triggers):
            return PoolRules()
        if edge.pool_size == 1 and edge.max_concurrency <= 1:
            return PoolRules(max_invocations=edge.max_invocations)
        return PoolRules(
            *(edge.max_concurrency or max(MOST_INSTANCES, edge.pool_size), edge.pool_size, edge.max_concurrency or 1),
            *(edge.max_invocations, IDLE_SECONDS),
        )


@dataclass(frozen=True)
class Counts:
    """Instances of a component."""

    now: int = 0
    warm: int = 0
    """Those of now that wait for a call."""
    most: int = 0
    """The most that there were at the same time."""
    made: int = 0
    """All that there were since the release was loaded."""


class Pool:
    """The instances of one component; may be used from any thread."""

    def __init__(self, make: Callable[[], Guest], rules: PoolRules, fuel_per_second: int) -> None:
        """`make` links and instantiates a guest; the first one is made by `prepare`."""
        self._make = make
        self.rules = rules
        self._rate = max(1, fuel_per_second)
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._waiting = 0
        self._idle: list[tuple[float, Guest]] = []
        self._bare: list[tuple[float, Guest]] = []
        self._leased: set[Guest] = set()
        self._coming = 0
        self._made = 0
        self._most = 0
        self._cancelled = False
        self.rested_at = 0.0
        """Monotonic time from which on the refill has covered the fuel of all calls so far."""

    def prepare(self) -> None:
        """Make the first instance, so that what does not fit here is known; raises as `Guest` does."""
        guest = self._make()
        with self._lock:
            self._idle.append((time.monotonic(), guest))
            self._count_new()

    def count(self) -> Counts:
        """How many instances there are and were."""
        with self._lock:
            warm = len(self._idle)
            return Counts(warm + len(self._leased), warm, self._most, self._made)

    @property
    def holds_unused(self) -> bool:
        """Whether there is anything that `drop_idle` may drop, now or later."""
        return bool(self._idle or self._bare)

    def handle(self, call: Call, leased: Callable[[Guest], None] = lambda guest: None) -> str | None:
        """Call a handler once an instance is free; see `Guest.handle`. `leased` is told the instance."""
        guest = self._take(nullcontext)
        begun, sound = time.monotonic(), False
        try:
            leased(guest)
            result = guest.handle(call)
            sound = True
        finally:
            self._give_back(guest, begun, sound=sound)
        return result

    def pass_on(self, function: tuple[str, str], values: Values, caller: Caller) -> None:
        """Call an export for another component, once an instance is free and has fuel; see `Guest.pass_on`."""
        guest = self._take(caller.waiting)
        begun, sound = time.monotonic(), False
        try:
            caller.lease(guest)
            if self.rested_at > begun:
                with caller.waiting():
                    guest.rest(self.rested_at)
            guest.pass_on(function, values)
            sound = True
        finally:
            caller.release()
            self._give_back(guest, begun, sound=sound)

    def drop_idle(self) -> None:
        """Drop the instances that nobody called for a while."""
        if self.rules.idle_seconds is None:
            return
        before = time.monotonic() - self.rules.idle_seconds
        with self._lock:
            unused = (*self._idle, *self._bare)
            old = [guest for since, guest in unused if since <= before]
            self._idle = [(since, guest) for since, guest in self._idle if since > before]
            self._bare = [(since, guest) for since, guest in self._bare if since > before]
        for guest in old:
            guest.close()

    def cancel(self) -> None:
        """Stop all calls, now and later."""
        with self._lock:
            self._cancelled = True
            self._changed.notify_all()
            guests = [*self._leased, *(guest for _, guest in self._idle)]
        for guest in guests:
            guest.interrupt()

    def close(self) -> None:
        """Free everything; no call may run any more."""
        with self._lock:
            guests = [*self._leased, *(guest for _, guest in (*self._bare, *self._idle))]
            self._leased, self._bare, self._idle = set(), [], []
        for guest in guests:
            guest.close()

    def _take(self, waiting: Callable[[], AbstractContextManager[None]]) -> Guest:
        """An instance that is free or new; `waiting` is held while there is none."""
        with self._lock:
            if self._idle and not self._cancelled:
                guest = self._idle.pop()[1]
                self._leased.add(guest)
                return guest
            has_room = self._has_room()
            self._coming += has_room
        if not has_room:
            with waiting():
                found = self._wait()
            if found is not None:
                return found
        return self._new()

    def _wait(self) -> Guest | None:
        """An instance that becomes free; None where there is room for a new one, which is then awaited."""
        hand_over()
        with self._lock:
            self._waiting += 1
            try:
                self._changed.wait_for(self._may_go_on)
            finally:
                self._waiting -= 1
            if self._cancelled:
                raise StopError(CANCELLED, "the workload is being stopped")
            if self._idle:
                guest = self._idle.pop()[1]
                self._leased.add(guest)
                return guest
            self._coming += 1
            return None

    def _new(self) -> Guest:
        """Another instance, which was counted as coming."""
        try:
            with self._lock:
                bare = self._bare.pop()[1] if self._bare else None
            guest = self._renewed(bare) if bare is not None else self._make()
        except BaseException:
            with self._lock:
                self._coming -= 1
                self._changed.notify()
            raise
        with self._lock:
            self._coming -= 1
            self._leased.add(guest)
            self._count_new()
            if self._cancelled:
                guest.interrupt()
        return guest

    def _count_new(self) -> None:
        self._made += 1
        self._most = max(self._most, len(self._leased) + len(self._idle))

    def _may_go_on(self) -> bool:
        return self._cancelled or bool(self._idle) or self._has_room()

    def _has_room(self) -> bool:
        return not self._cancelled and len(self._leased) + self._coming < self.rules.most

    @staticmethod
    def _renewed(guest: Guest) -> Guest:
        try:
            guest.renew()
        except BaseException:
            guest.close()
            raise
        return guest

    def _give_back(self, guest: Guest, begun: float, *, sound: bool) -> None:
        spent = 0 < self.rules.max_invocations <= guest.calls
        with self._lock:
            self.rested_at = max(self.rested_at, begun) + guest.fuel_used / self._rate
            sound = sound and not guest.is_interrupted
            if sound and not spent and len(self._idle) < self.rules.warm:
                self._leased.discard(guest)
                self._idle.append((time.monotonic(), guest))
                if self._waiting:
                    self._changed.notify()
                return
        if sound:
            guest.retire()
        with self._lock:
            self._leased.discard(guest)
            if sound:
                self._bare.append((time.monotonic(), guest))
            if self._waiting:
                self._changed.notify()
        if not sound:
            guest.close()
