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
from dataclasses import dataclass
from typing import Any

from edge_host.errors import StopError
from edge_host.guest import Call, Guest
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


class Pool:
    """The instances of one component; may be used from any thread."""

    def __init__(self, make: Callable[[], Guest], rules: PoolRules, fuel_per_second: int) -> None:
        """`make` links and instantiates a guest; the first one is made by `prepare`."""
        self._make = make
        self.rules = rules
        self._rate = max(1, fuel_per_second)
        self._changed = threading.Condition()
        self._idle: list[tuple[float, Guest]] = []
        self._bare: list[tuple[float, Guest]] = []
        self._leased: set[Guest] = set()
        self._coming = 0
        self._cancelled = False
        self.rested_at = 0.0
        """Monotonic time from which on the refill has covered the fuel of all calls so far."""

    def prepare(self) -> None:
        """Make the first instance, so that what does not fit here is known; raises as `Guest` does."""
        guest = self._make()
        with self._changed:
            self._idle.append((time.monotonic(), guest))

    @property
    def size(self) -> int:
        """How many instances there are, those that are linked and not instantiated left out."""
        with self._changed:
            return len(self._idle) + len(self._leased)

    @property
    def holds_unused(self) -> bool:
        """Whether there is anything that `drop_idle` may drop, now or later."""
        return bool(self._idle or self._bare)

    def call(self, call: Call, leased: Callable[[Guest | None], None] = lambda guest: None) -> Any:
        """Call an export once an instance is free; see `Guest.call`."""
        return self._with_instance(lambda guest: guest.call(call, self.rested_at), leased)

    def handle(self, call: Call, leased: Callable[[Guest], None] = lambda guest: None) -> str | None:
        """Call a handler once an instance is free; see `Guest.handle`."""
        found: str | None = self._with_instance(
            lambda guest: guest.handle(call), lambda guest: leased(guest) if guest is not None else None
        )
        return found

    def drop_idle(self) -> None:
        """Drop the instances that nobody called for a while."""
        if self.rules.idle_seconds is None:
            return
        before = time.monotonic() - self.rules.idle_seconds
        with self._changed:
            unused = (*self._idle, *self._bare)
            old = [guest for since, guest in unused if since <= before]
            self._idle = [(since, guest) for since, guest in self._idle if since > before]
            self._bare = [(since, guest) for since, guest in self._bare if since > before]
        for guest in old:
            guest.close()

    def cancel(self) -> None:
        """Stop all calls, now and later."""
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()
            guests = [*self._leased, *(guest for _, guest in self._idle)]
        for guest in guests:
            guest.interrupt()

    def close(self) -> None:
        """Free everything; no call may run any more."""
        with self._changed:
            guests = [*self._leased, *(guest for _, guest in (*self._bare, *self._idle))]
            self._leased, self._bare, self._idle = set(), [], []
        for guest in guests:
            guest.close()

    def _with_instance(self, work: Callable[[Guest], Any], leased: Callable[[Guest | None], None]) -> Any:
        guest = self._take()
        begun, sound = time.monotonic(), False
        try:
            leased(guest)
            result = work(guest)
            sound = True
        finally:
            leased_no_more(leased)
            self._give_back(guest, begun, sound=sound)
        return result

    def _take(self) -> Guest:
        with self._changed:
            while not self._has_room():
                hand_over()
                self._changed.wait()
            if self._cancelled:
                raise StopError(CANCELLED, "the workload is being stopped")
            if self._idle:
                guest = self._idle.pop()[1]
                self._leased.add(guest)
                return guest
            self._coming += 1
            bare = self._bare.pop()[1] if self._bare else None
        try:
            guest = self._renewed(bare) if bare is not None else self._make()
        except BaseException:
            with self._changed:
                self._coming -= 1
                self._changed.notify()
            raise
        with self._changed:
            self._coming -= 1
            self._leased.add(guest)
            if self._cancelled:
                guest.interrupt()
        return guest

    def _has_room(self) -> bool:
        return self._cancelled or bool(self._idle) or len(self._leased) + self._coming < self.rules.most

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
        with self._changed:
            self.rested_at = max(self.rested_at, begun) + guest.fuel_used / self._rate
            sound = sound and not guest.is_interrupted
            if sound and not spent and len(self._idle) < self.rules.warm:
                self._leased.discard(guest)
                self._idle.append((time.monotonic(), guest))
                self._changed.notify()
                return
        if sound:
            guest.retire()
        with self._changed:
            self._leased.discard(guest)
            if sound:
                self._bare.append((time.monotonic(), guest))
            self._changed.notify()
        if not sound:
            guest.close()


def leased_no_more(leased: Callable[[Guest | None], None]) -> None:
    """Tell that the lease is over; a stop that is told then is told by the call itself already."""
    try:
        leased(None)
    except StopError:
        return
