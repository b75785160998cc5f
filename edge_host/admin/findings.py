"""What `petiole agent doctor` finds: passive data, and who the agent runs as."""

from __future__ import annotations

import grp
import os
import pwd
import re
from dataclasses import dataclass
from pathlib import Path

from edge_host.admin.unit import UNIT

OK, WARN, BAD = "ok", "warn", "bad"
UNIT_FILES = (
    Path("/etc/systemd/system") / UNIT,
    Path("/usr/lib/systemd/system") / UNIT,
    Path("/lib/systemd/system") / UNIT,
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `level` is ``ok``, ``warn`` or ``bad``; `advice` says what to do."""

    check: str
    level: str
    message: str
    advice: str = ""


@dataclass(frozen=True)
class Person:
    """A user with all groups that the agent has when it runs as that user."""

    name: str
    uid: int
    groups: frozenset[int]

    def may(self, file: Path, mode: int) -> bool:
        """Whether the permission bits (4 read, 2 write, 1 execute) of an existing file allow it."""
        status = file.stat()
        if self.uid == 0:
            return True
        shift = 6 if status.st_uid == self.uid else 3 if status.st_gid in self.groups else 0
        return status.st_mode >> shift & mode == mode


def agent_user(name: str | None = None) -> Person:
    """Who the agent runs as: the user `name`, that of the installed service when root asks, else whoever asks.

    Raises KeyError for a user that there is not.
    """
    unit = next((file.read_text(encoding="utf-8") for file in UNIT_FILES if file.is_file()), "")
    service = re.search(r"^User=(\S+)$", unit, re.MULTILINE)
    if name is None and os.geteuid() == 0 and service is not None and _exists(service[1]):
        name = service[1]
    entry = pwd.getpwnam(name) if name else pwd.getpwuid(os.geteuid())
    groups = set(os.getgrouplist(entry.pw_name, entry.pw_gid))
    if service is not None and service[1] == entry.pw_name:
        more = re.search(r"^SupplementaryGroups=(.*)$", unit, re.MULTILINE)
        groups |= {found.gr_gid for found in grp.getgrall() if found.gr_name in (more[1].split() if more else ())}
    if entry.pw_uid == os.geteuid():
        groups |= set(os.getgroups())
    return Person(entry.pw_name, entry.pw_uid, frozenset(groups))


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
