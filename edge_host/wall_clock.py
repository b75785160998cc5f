"""The wall clock as schedules see it: the time, and whether anybody ever set it.

A board without a battery starts with the time of its last shutdown, or with that of its software. Until somebody sets
the clock, calendars have to wait there. The time is believed as soon as one of these is so:

- the kernel, or systemd-timesyncd, says that the clock was synchronised since the start,
- a battery clock is there and shows a time that can be,
- the processor is of a kind whose machines always have one (x86).
"""

from __future__ import annotations

import platform
import time
from pathlib import Path

from edge_host import kernel_clock

_BATTERY_CLOCKS = Path("/sys/class/rtc")
_ALWAYS_HAVE_ONE = ("x86_64", "AMD64", "i686")


class WallClock:
    """The clock of this machine."""

    def __init__(self, battery_clocks: Path = _BATTERY_CLOCKS, machine: str | None = None) -> None:
        self._battery_clocks = battery_clocks
        self._machine = machine or platform.machine()
        self._was_set = False

    def now(self) -> int:
        """Unix time in milliseconds."""
        return time.time_ns() // 1_000_000

    def is_set(self) -> bool:
        """Whether the time can be believed; once so, it stays so."""
        if not self._was_set:
            self._was_set = time.time() >= kernel_clock.NEVER_SET and (
                self._machine in _ALWAYS_HAVE_ONE or self._has_battery_clock() or kernel_clock.is_synchronised()
            )
        return self._was_set

    def _has_battery_clock(self) -> bool:
        for file in self._battery_clocks.glob("rtc*/since_epoch"):
            try:
                if int(file.read_text()) >= kernel_clock.NEVER_SET:
                    return True
            except (OSError, ValueError):
                continue
        return False
