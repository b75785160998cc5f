"""Counts what happened on the fleet's MQTT side since the process started."""

import threading
from collections import Counter


class Counters:
    """Named counters, usable from any thread."""

    NAMES = (
        "messages",
        "stored",
        "duplicates",
        "malformed",
        "foreign",
        "too-far-ahead",
        "blocks",
        "overflow",
        "failed",
    )

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter(dict.fromkeys(self.NAMES, 0))

    def add(self, name: str, count: int = 1) -> None:
        """Adds to one counter."""
        with self._lock:
            self._counts[name] += count

    def snapshot(self) -> dict[str, int]:
        """All counters as they are now."""
        with self._lock:
            return dict(self._counts)
