"""The thread that puts records on disk when they have waited long enough."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from math import inf

from edge_host.errors import OutboxFullError

log = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
"""After the disk refused."""


class Syncer:
    """Calls `keep_safe` after the seconds that it asks for, `seconds` after `wake`, and at once when that is urgent."""

    def __init__(self, keep_safe: Callable[[], float | None], seconds: float) -> None:
        self._keep_safe = keep_safe
        self._seconds = seconds
        self._changed = threading.Condition()
        self._wanted = self._urgent = self._closing = False
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def wake(self, *, urgent: bool = False) -> None:
        """There is something to put on disk, if it is `urgent` at once."""
        if self._wanted and not urgent:
            return
        with self._changed:
            self._wanted = True
            self._urgent |= urgent
            self._changed.notify()

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        told, at = "", inf
        while True:
            with self._changed:
                if at == inf:
                    self._changed.wait_for(lambda: self._closing or self._wanted)
                    at = time.monotonic() + self._seconds
                self._changed.wait_for(lambda: self._closing or self._urgent, at - time.monotonic())
                if self._closing:
                    return
                self._wanted = self._urgent = False
            try:
                after, told = self._keep_safe(), ""
            except OutboxFullError as error:
                if str(error) != told:
                    told = str(error)
                    log.error("%s", error)
                after = min(self._seconds, RETRY_SECONDS)
            at = inf if after is None else time.monotonic() + after
