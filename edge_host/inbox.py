"""What threads have for the event loop, with one wake-up for all that comes within a moment.

A wake-up for each would make Python's lock go from thread to thread with every message of a busy guest.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

Item = TypeVar("Item")

MOMENT = 0.005
"""Seconds after something was taken in which the event loop is not woken for more; that is taken together then."""


class Inbox(Generic[Item]):
    """Belongs to the event loop's thread but for `put`."""

    def __init__(self, take: Callable[[Item], object]) -> None:
        """`take` gets each item, in the order in which they were put."""
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._items: list[Item] = []
        self._is_expected = False

    def put(self, item: Item) -> None:
        """Leave something, from any thread; raises `RuntimeError` when the event loop has ended."""
        with self._lock:
            self._items.append(item)
            wakes, self._is_expected = not self._is_expected, True
        if wakes:
            self._loop.call_soon_threadsafe(self._empty)

    def _empty(self) -> None:
        with self._lock:
            items, self._items = self._items, []
            self._is_expected = bool(items)
        for item in items:
            try:
                self._take(item)
            except Exception:
                log.exception("something from another thread could not be taken")
        if items:
            self._loop.call_later(MOMENT, self._empty)
