"""The systemd unit of the agent: what it may reach is what its configuration names.

Two protections of systemd are left out, because the agent does not work with them:

- ``MemoryDenyWriteExecute=``: compiled components are mapped from their files and then made executable, which it
  refuses (tried with ``PR_SET_MDWE``: "unable to make memory executable").
- ``ProtectClock=``: it also hides how right the clock is (adjtimex(2)), which guests and boards are told. Setting the
  clock stays impossible: there are no capabilities.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from edge_host.admin import hardware
from edge_host.config import Config

UNIT = "petiole-agent.service"
STATE_FOLDER = Path("/var/lib/petiole")
LOCKS = Path("/run/lock")
"""Ports of boards are locked here, together with all other programs of this machine."""

_TEXT = """\
# Written by `petiole agent install`{source}; change the configuration and run it again.
[Unit]
Description=Petiole agent: WebAssembly workloads on this machine and its boards
After=network.target
ConditionPathExists={config}

[Service]
Type=notify
NotifyAccess=main
EnvironmentFile=-/etc/default/petiole-agent
ExecStart={python} -I -m edge_host --config {config} $PETIOLE_AGENT_OPTIONS
WatchdogSec=60
Restart=always
RestartSec=5
TimeoutStartSec=180
TimeoutStopSec=30
KillMode=mixed
User={user}
Group={user}
{groups}UMask=0077
StateDirectory=petiole
StateDirectoryMode=0700
RuntimeDirectory=petiole
RuntimeDirectoryMode=0750
RuntimeDirectoryPreserve=yes

# Devices: only what the labels and boards name.
DevicePolicy=closed
{devices}
# Files: everything is read-only but the state, the locks of ports, and its own /tmp.
ProtectSystem=strict
ReadWritePaths={writable}
ProtectHome={home}
PrivateTmp=yes
ProtectProc=invisible
ProtectControlGroups=yes
ProtectKernelTunables={tunables}
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectHostname=yes

# Rights: none over other processes, the kernel or other users.
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
KeyringMode=private
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources @mount
SystemCallFilter=adjtimex clock_adjtime sched_setaffinity
SystemCallErrorNumber=EPERM
# Not MemoryDenyWriteExecute: compiled components are mapped from files and made executable.
# Not ProtectClock: it hides how right the clock is; without capabilities nobody can set it.

[Install]
WantedBy=multi-user.target
"""

_SYSUSERS = """\
# The user of the Petiole agent.
u {user} - "Petiole agent" {state}
"""


@dataclass(frozen=True)
class Installation:
    """What the unit is made of.

    `configuration` None makes one for any configuration: it allows whole kinds of devices, and names no groups, because
    systemd does not start a service of a group that there is not; the user has to be in them.
    """

    config: Path
    python: Path
    user: str = "petiole"
    configuration: Config | None = None
    known_groups: frozenset[str] | None = field(default=None)
    """Groups that there are on the machine; None takes all for there."""


def unit_text(installation: Installation) -> str:
    """The unit file."""
    found = installation.configuration
    allow = list(hardware.ALL_KINDS) if found is None else hardware.allowed(found)
    known = installation.known_groups
    groups = [] if found is None else [name for name in hardware.groups(found) if known is None or name in known]
    places = [f"-{LOCKS}"]
    if found is not None:
        wanted_places = (found.state, *hardware.writable(found))
        places += sorted({f"-{place}" for place in wanted_places if not _inside(place, STATE_FOLDER)})
    needed = (installation.python, installation.python.resolve(), installation.config)
    in_home = any(_inside(path, home) for path in needed for home in _HOMES)
    return _TEXT.format(
        source="" if found is not None else " for any configuration",
        config=_quoted(installation.config),
        python=_quoted(installation.python),
        user=installation.user,
        groups=f"SupplementaryGroups={' '.join(groups)}\n" if groups else "",
        devices="".join(f"DeviceAllow={name} rw\n" for name in allow),
        writable=" ".join(map(_quoted, places)),
        home="read-only" if in_home else "yes",
        tunables="no" if found is None or hardware.uses_pwm(found) else "yes",
    )


def sysusers_text(user: str) -> str:
    """The file for systemd-sysusers(8)."""
    return _SYSUSERS.format(user=user, state=STATE_FOLDER)


def missing_groups(installation: Installation) -> list[str]:
    """Groups that the configuration needs and the machine does not have."""
    if installation.configuration is None or installation.known_groups is None:
        return []
    return [name for name in hardware.groups(installation.configuration) if name not in installation.known_groups]


_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))


def _inside(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents


def _quoted(path: Path | str) -> str:
    text = str(path).replace("%", "%%")
    return f'"{text}"' if any(letter.isspace() for letter in text) else text


def names(entries: Iterable[str]) -> frozenset[str]:
    """The names in the lines of ``/etc/group`` or ``/etc/passwd``."""
    return frozenset(line.partition(":")[0] for line in entries if ":" in line)
