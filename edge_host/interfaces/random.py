"""``wasi:random/random@0.2.0``: from the kernel."""

from __future__ import annotations

import os

from wasmtime.component import LinkerInstance

from edge_host.interfaces.adapter import bind
from edge_host.interfaces.context import GuestContext


def get_random_bytes(context: GuestContext, size: int) -> bytes:
    """`size` bytes that nobody can foretell."""
    context.spend(size)
    return os.urandom(size)


def link(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer the interface to a guest."""
    bind(instance, context, "get-random-bytes", lambda size: get_random_bytes(context, size))
    bind(instance, context, "get-random-u64", lambda: int.from_bytes(os.urandom(8), "big"))
