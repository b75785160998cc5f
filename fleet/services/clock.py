"""The time, as the fleet writes it."""

import time


def unix_ms() -> int:
    """The Unix time in milliseconds."""
    return time.time_ns() // 1_000_000
