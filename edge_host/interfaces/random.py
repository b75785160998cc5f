"""``wasi:random@0.2.0``: from the kernel, also where a guest would be content with less."""

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


def link_insecure(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:random/insecure`` to a guest."""
    bind(instance, context, "get-insecure-random-bytes", lambda size: get_random_bytes(context, size))
    bind(instance, context, "get-insecure-random-u64", lambda: int.from_bytes(os.urandom(8), "big"))


def link_insecure_seed(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:random/insecure-seed`` to a guest."""

    def seed() -> tuple[int, int]:
        numbers = os.urandom(16)
        return int.from_bytes(numbers[:8], "big"), int.from_bytes(numbers[8:], "big")

    bind(instance, context, "insecure-seed", seed)
