"""Locks that name their holder, so that a second agent gets an error that helps.

A lock is an ``flock`` on a small file that tells who holds it; the kernel drops it when the process ends, however it
ends.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path

from edge_host.errors import BusyError


class Lock:
    """An exclusive lock, held until `release` or the end of the process."""

    def __init__(self, file: Path, resource: str, owner: str, advice: str) -> None:
        """Take the lock in `file`; raises `BusyError` with the holder's own words."""
        try:
            self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        except PermissionError:
            raise BusyError(resource, "a program of another user", f"{advice} (its lock is {file})") from None
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._descriptor, 512).decode("utf-8", "replace").strip() or "another process"
            os.close(self._descriptor)
            raise BusyError(resource, holder, advice) from None
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"process {os.getpid()} ({owner})\n".encode())

    def release(self) -> None:
        """Give the lock back; the file stays, because removing it would race with the next holder."""
        if self._descriptor >= 0:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = -1


def lock_state(folder: Path, owner: str) -> Lock:
    """The lock of a state folder: one agent a folder."""
    return Lock(folder / "lock", f"state folder {folder}", owner, "stop that agent, or give this one its own folder")


def lock_port(port: str, owner: str) -> Lock:
    """The lock of a board's port, shared by all programs of this machine."""
    place = Path(port).resolve().as_posix() if "://" not in port else port
    folder = Path("/run/lock" if os.access("/run/lock", os.W_OK) else os.environ.get("TMPDIR", "/tmp"))  # noqa: S108
    file = folder / f"petiole-port-{hashlib.sha256(place.encode()).hexdigest()[:16]}.lock"
    return Lock(file, f"port {port}", owner, "stop it, or take the board out of one of the two configurations")
