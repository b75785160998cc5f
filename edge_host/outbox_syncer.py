"""The thread that puts records on disk when they have waited long enough."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from edge_host.errors import OutboxFullError

log = logging.getLogger(__name__)


class Syncer:
    """Calls `keep_safe` every `seconds` while it is true, and after `wake`."""

    def __init__(self, keep_safe: Callable[[], bool], seconds: float) -> None:
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
        told = ""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._wanted)
                self._changed.wait_for(lambda: self._closing or self._urgent, self._seconds)
                if self._closing:
                    return
                self._wanted = self._urgent = False
            try:
                again, told = self._keep_safe(), ""
            except OutboxFullError as error:
                if str(error) != told:
                    told = str(error)
                    log.error("%s", error)
                again = True
            if again:
                self.wake()
