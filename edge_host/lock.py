"""Locks that name their holder, so that a second agent gets an error that helps (see `wire.port_lock`)."""

from __future__ import annotations

from pathlib import Path

from edge_host.errors import BusyError
from wire import port_lock


class Lock:
    """An exclusive lock, held until `release` or the end of the process."""

    def __init__(self, file: Path, resource: str, owner: str, advice: str) -> None:
        """Take the lock in `file`; raises `BusyError` with the holder's own words."""
        try:
            self._descriptor = port_lock.take(file, owner)
        except PermissionError:
            raise BusyError(resource, "a program of another user", f"{advice} (its lock is {file})") from None
        except port_lock.HeldError as error:
            raise BusyError(resource, error.holder, advice) from None

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor >= 0:
            port_lock.release(self._descriptor)
            self._descriptor = -1


def lock_state(folder: Path, owner: str) -> Lock:
    """The lock of a state folder: one agent a folder."""
    return Lock(folder / "lock", f"state folder {folder}", owner, "stop that agent, or give this one its own folder")


def lock_port(port: str, owner: str) -> Lock:
    """The lock of a board's port, shared by all programs of this machine."""
    advice = "stop it, or take the board out of one of the two configurations"
    return Lock(port_lock.port_lock_file(port), f"port {port}", owner, advice)
