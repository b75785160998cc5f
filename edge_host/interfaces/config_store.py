"""``wasi:config/store@0.2.0-rc.1``: the values of the deployment descriptor; reading them cannot fail."""

from __future__ import annotations

from wasmtime.component import LinkerInstance

from edge_host.interfaces.adapter import bind
from edge_host.interfaces.context import GuestContext


def get(context: GuestContext, key: str) -> str | None:
    """The value under `key`, or None."""
    value = context.config.get(key)
    context.spend(len(key.encode()) + len((value or "").encode()))
    return value


def get_all(context: GuestContext) -> list[tuple[str, str]]:
    """All keys with their values, in the order of the keys."""
    pairs = sorted(context.config.items())
    context.spend(sum(len(key.encode()) + len(value.encode()) for key, value in pairs))
    return pairs


def link(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer the interface to a guest."""
    bind(instance, context, "get", lambda key: get(context, key))
    bind(instance, context, "get-all", lambda: get_all(context))
