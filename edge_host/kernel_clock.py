"""How right the clock of this machine is, as the kernel knows it from whoever keeps it (adjtimex(2)).

A time service (chrony, systemd-timesyncd, ntpd, ptp4l) tells the kernel how wrong the time may be; the kernel lets
that grow while nobody corrects it and, after some hours, calls the clock unsynchronised.

Without such a service the time is what the battery-backed clock or a person made of it, which is right but for a
mistake or a year's drift; a clock that shows a time before `NEVER_SET` was never set at all.
"""

from __future__ import annotations

import ctypes
import time
from dataclasses import dataclass
from pathlib import Path

STA_UNSYNC = 0x0040
NEVER_SET = 1_704_067_200
"""2024-01-01 as Unix time, before any host of ours existed."""

UNKEPT = 3_600 * 1_000_000_000
"""Nanoseconds that a clock is said to be wrong while nobody keeps it."""

TIMESYNCD = Path("/run/systemd/timesync/synchronized")
"""systemd-timesyncd touches this file whenever it sets the clock."""


@dataclass(frozen=True)
class Accuracy:
    """Nanoseconds: how wrong the time may be, and how long ago it was set (0 where that is not known)."""

    uncertainty: int
    age: int


class _Timex(ctypes.Structure):
    """`struct timex` up to the fields that are read; the kernel fills in more."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def accuracy() -> Accuracy | None:
    """How right the wall clock is; None when it was never set."""
    if time.time() < NEVER_SET:
        return None
    timex = _ask_kernel()
    if timex is None or timex.status & STA_UNSYNC:
        return Accuracy(UNKEPT, _age())
    return Accuracy(timex.maxerror * 1000, _age())


def is_synchronised() -> bool:
    """Whether the kernel, or systemd-timesyncd, says that somebody has set the clock since the machine started."""
    timex = _ask_kernel()
    return TIMESYNCD.exists() or (timex is not None and not timex.status & STA_UNSYNC)


def _ask_kernel() -> _Timex | None:
    timex = _Timex()
    try:
        return None if ctypes.CDLL(None).adjtimex(ctypes.byref(timex)) < 0 else timex
    except (OSError, AttributeError):
        return None


def _age() -> int:
    try:
        return max(0, time.time_ns() - TIMESYNCD.stat().st_mtime_ns)
    except OSError:
        return 0
