"""Locks between all programs of a machine that use a board's port: one user at a time, who is named to the next.

A lock is an ``flock`` on a small file that tells who holds it; the kernel drops it when the process ends, however it
ends. The file stays, because removing it would race with the next holder.
"""

import fcntl
import hashlib
import os
from pathlib import Path

from wire.errors import WireError


class HeldError(WireError):
    """Another process has the lock; `holder` is what it says of itself."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"in use by {holder}")
        self.holder = holder


def port_lock_file(port: str) -> Path:
    """The lock file of a port; a device and a link to it have the same one."""
    place = Path(port).resolve().as_posix() if "://" not in port else port
    folder = Path("/run/lock" if os.access("/run/lock", os.W_OK) else os.environ.get("TMPDIR", "/tmp"))  # noqa: S108
    return folder / f"petiole-port-{hashlib.sha256(place.encode()).hexdigest()[:16]}.lock"


def take(file: Path, owner: str) -> int:
    """Lock `file`; gives its descriptor for `release`.

    Raises `HeldError` with the holder's own words, PermissionError when the file may not even be read.
    """
    writable = True
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except PermissionError:  # left by another user; reading is enough to lock it
        writable = False
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 512).decode("utf-8", "replace").strip() or "another process"
        os.close(descriptor)
        raise HeldError(holder) from None
    if writable:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} ({owner})\n".encode())
    return descriptor


def release(descriptor: int) -> None:
    """Give a lock back."""
    try:
        os.ftruncate(descriptor, 0)
    except OSError:  # only read
        pass
    finally:
        os.close(descriptor)
