"""``wasi:io/poll@0.2.0``: waiting for timers, edges and whatever else is a `Pollable`.

Wasmtime's own WASI is of no use here: it cannot wait for a pin, and it can only be linked whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from wasmtime.component import LinkerInstance, ResourceHost

from edge_host.errors import StopError
from edge_host.interfaces.adapter import ResourceNumber, bind_method, bind_resource, bind_with_objects, new_handle
from edge_host.interfaces.context import GuestContext


@dataclass(frozen=True)
class Pollable:
    """Ready from the monotonic time `due` on, in nanoseconds, or when `is_ready` says so.

    What makes `is_ready` true tells the guest's `Signal`.
    """

    due: int | None = None
    is_ready: Callable[[], bool] | None = None

    def ready(self) -> bool:
        """Whether it is ready now."""
        if self.due is not None:
            return time.monotonic_ns() >= self.due
        return self.is_ready is not None and self.is_ready()


def new_pollable(context: GuestContext, pollable: Pollable) -> ResourceHost:
    """A handle to `pollable` for the guest."""
    return new_handle(context, ResourceNumber.POLLABLE, pollable)


def poll(context: GuestContext, pollables: list[Pollable]) -> list[int]:
    """Wait until at least one is ready; the places of all that are."""
    if not pollables:
        raise StopError("trap", "poll of an empty list never ends")
    timers = [pollable.due / 1e9 for pollable in pollables if pollable.due is not None]
    while True:
        context.wait(lambda: any(pollable.ready() for pollable in pollables), min(timers, default=None))
        if places := [place for place, pollable in enumerate(pollables) if pollable.ready()]:
            return places


def link(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer the interface to a guest."""
    bind_resource(instance, context, "pollable", ResourceNumber.POLLABLE)
    bind_method(instance, context, "pollable.ready", Pollable, Pollable.ready)
    bind_method(instance, context, "pollable.block", Pollable, lambda pollable: _block(context, pollable))
    bind_with_objects(instance, context, "poll", Pollable, lambda pollables: poll(context, pollables))


def _block(context: GuestContext, pollable: Pollable) -> None:
    poll(context, [pollable])
