"""What this host tells of itself in `reported`."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_host.config_labels import Label
from edge_host.interfaces import OFFERED
from edge_host.lean import installed
from wire.profiles import EDGE_PROFILE, class_id


def static_facts(labels: Mapping[str, Label]) -> dict[str, Any]:
    """Facts that stay for as long as the process runs."""
    return {
        "kind": "edge",
        "profile": EDGE_PROFILE,
        "class": class_id(EDGE_PROFILE).bytes,
        "agent": installed("petiole") or "unknown",
        "wasmtime": installed("wasmtime") or "unknown",
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": f"{platform.system()} {platform.release()}",
        "interfaces": sorted(OFFERED),
        "labels": {name: label.interface for name, label in labels.items()},
    }


def changing_facts(state: Path) -> dict[str, Any]:
    """Facts that change: bytes of memory in use (resident) and of free disk."""
    disk = os.statvfs(state)
    return {"memory": _resident(), "disk_free": disk.f_bavail * disk.f_frsize}


def _resident() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
