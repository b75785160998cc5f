"""What a waiting guest sleeps on: woken by whatever it waits for, and by the end of its workload."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from edge_host.errors import StopError

CANCELLED = "cancelled"


class Signal:
    """One for each guest. `notify` and `cancel` may be called from any thread."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._cancelled = False

    def notify(self) -> None:
        """Something may have become ready."""
        with self._condition:
            self._condition.notify_all()

    def cancel(self) -> None:
        """End every wait, now and later, with `StopError`."""
        with self._condition:
            self._cancelled = True
            self._condition.notify_all()

    @property
    def is_cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled

    def check(self) -> None:
        """Raise `StopError` after `cancel`."""
        if self._cancelled:
            raise StopError(CANCELLED, "the workload is being stopped")

    def wait(self, ready: Callable[[], bool], until: float | None) -> bool:
        """Wait until `ready`, which `notify` has looked at again, or the monotonic time `until`; whether it is ready.

        Raises `StopError` after `cancel`.
        """
        with self._condition:
            while True:
                self.check()
                if ready():
                    return True
                left = None if until is None else until - time.monotonic()
                if left is not None and left <= 0:
                    return False
                self._condition.wait(None if left is None else min(left, threading.TIMEOUT_MAX))
