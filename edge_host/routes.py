"""Which running workload answers an HTTP request: a table of hosts and path prefixes.

A workload adds its routes when its components run and takes them back when they stop. A server asks `find` for each
request and calls the handler that it gets, which runs the guest in a thread of the pool::

    handler = routes.find("greenhouse.local", "/status")
    await handler(lambda context: (new_request(context), new_outparam(context)))

A host is lower case and has no port; `*` is any host. Of the routes that fit, those for the very host come before those
for `*`, and the longest path prefix wins.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_host.interfaces.context import GuestContext

Prepare = Callable[["GuestContext"], tuple[Any, ...]]
"""Makes the arguments of ``wasi:http/incoming-handler.handle`` from the context of the instance that was chosen.

Called in the thread that calls the guest, so it may add handles to the context.
"""

Handler = Callable[[Prepare], Awaitable[None]]
"""Calls the guest and returns when the call has ended.

Raises `StopError` when the guest was stopped, `OverloadError` when too many requests wait already.
"""

ANY_HOST = "*"


class Routes:
    """Belongs to the event loop's thread."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._routes: dict[tuple[str, str], dict[int, Handler]] = {}

    def add(self, host: str, path: str, handler: Handler) -> Callable[[], None]:
        """Send requests for `host` whose path begins with `path` to `handler`; call what comes back to end that.

        Of equal routes the one that was added last gets the requests, until it ends.
        """
        number = next(self._numbers)
        self._routes.setdefault((host, path), {})[number] = handler
        return lambda: self._remove(host, path, number)

    def find(self, host: str, path: str) -> Handler | None:
        """The handler for a request, or None when no route fits."""
        for wanted in (host, ANY_HOST):
            prefixes = [prefix for of, prefix in self._routes if of == wanted and is_below(path, prefix)]
            if prefixes:
                handlers = self._routes[wanted, max(prefixes, key=len)]
                return handlers[max(handlers)]
        return None

    def __len__(self) -> int:
        return sum(len(handlers) for handlers in self._routes.values())

    def _remove(self, host: str, path: str, number: int) -> None:
        handlers = self._routes.get((host, path), {})
        handlers.pop(number, None)
        if not handlers:
            self._routes.pop((host, path), None)


def is_below(path: str, prefix: str) -> bool:
    """Whether `path` is `prefix` or lies below it: `/api` has `/api/x` and `/api?x`, and not `/apis`."""
    if not path.startswith(prefix):
        return False
    return prefix.endswith("/") or path[len(prefix) : len(prefix) + 1] in ("", "/", "?")
