"""One lock for each board, across processes: a file that the kernel locks (flock), so that no stale lock can stay.

The file names the holder, for whoever has to wait.
"""

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from hil.errors import BusyError

POLL_SECONDS = 0.1


@contextmanager
def locked(folder: Path, board: str, *, seconds: float = 0.0, purpose: str = "") -> Iterator[Path]:
    """Hold the lock of `board` while the block runs; wait for it up to `seconds`.

    Raises BusyError with the holder when the time is over. The lock goes with the process, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{board}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(descriptor, path, board, seconds)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(_me(purpose)).encode(), 0)
        yield path
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def holder(path: Path) -> str:
    """Who holds the lock, as text."""
    try:
        who = json.loads(path.read_text())
        return f"process {who['pid']} on {who['host']} since {who['since']}" + (
            f" ({who['purpose']})" if who["purpose"] else ""
        )
    except (OSError, ValueError, KeyError):
        return "a process that left no name"


def _acquire(descriptor: int, path: Path, board: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise BusyError(
                    f"is held by {holder(path)}", where=board, next_step="wait for it, or end that process"
                ) from error
        time.sleep(POLL_SECONDS)


def _me(purpose: str) -> dict[str, str | int]:
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now().astimezone().isoformat(timespec="seconds"),
        "purpose": purpose,
    }
