"""Moments and spans as people read them. The fleet's times are Unix times in milliseconds."""

import time
from datetime import datetime


def ago(moment: int | None) -> str | None:
    """How long ago a moment was, for example `12 s ago`; None stays None."""
    if moment is None:
        return None
    seconds = max(0, time.time() - moment / 1000)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def clock(moment: int) -> str:
    """A moment in local time, to the millisecond."""
    return datetime.fromtimestamp(moment / 1000).astimezone().isoformat(sep=" ", timespec="milliseconds")[:23]
