"""What the kernel tells of a process: memory, processor time, wake-ups."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

MEBIBYTE = 1024 * 1024
_TICK = os.sysconf("SC_CLK_TCK")


SYSTEM = re.compile(r"/(libc|libm|libdl|libpthread|libgcc_s|ld-linux[^/]*|librt)\.so|/usr/lib/locale/")
"""What every process of a Linux machine shares, whether Python runs there or not."""

_MAPPING = re.compile(r"[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+\s*(.*)")


@dataclass(frozen=True)
class Memory:
    """Bytes: proportional set size, of it anonymous, and the proportional set size without other programs in Python.

    On a machine where many programs use the same interpreter and libraries, each has only its part of them in its
    proportional set size; `alone` counts them whole.
    """

    pss: int
    anonymous: int
    alone: int


@dataclass(frozen=True)
class Effort:
    """Seconds of the processor and voluntary context switches of all threads, since the start."""

    seconds: float
    wakeups: int


def memory(pid: int) -> Memory:
    """The memory of one process now; raises `OSError` when it is gone."""
    pss = anonymous = alone = 0
    shared = False
    for line in Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8").splitlines():
        if mapping := _MAPPING.fullmatch(line):
            shared = SYSTEM.search(mapping[1]) is not None
            continue
        name, _, rest = line.partition(":")
        if name in ("Rss", "Pss", "Anonymous"):
            size = int(rest.split()[0]) * 1024
            pss += size if name == "Pss" else 0
            anonymous += size if name == "Anonymous" else 0
            alone += size if name == ("Pss" if shared else "Rss") else 0
    return Memory(pss, anonymous, alone)


def family(pid: int) -> int:
    """The memory, as if alone, of a process and all its descendants."""
    total = 0
    for member in (pid, *_descendants(pid)):
        try:
            total += memory(member).alone
        except OSError:
            continue
    return total


def effort(pid: int) -> Effort:
    """What a process has used of the processor."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    wakeups = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        status = (task / "status").read_text(encoding="utf-8")
        found = re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.MULTILINE)
        wakeups += int(found[1]) if found else 0
    return Effort((int(fields[11]) + int(fields[12])) / _TICK, wakeups)


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = [int(child) for child in task.read_text(encoding="ascii").split()]
        except OSError:
            continue
        for child in children:
            found += [child, *_descendants(child)]
    return found
