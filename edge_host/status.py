"""What the agent tells of itself on this machine, without the fleet: one JSON object (docs/reference/agent.md).

::

    {"device", "site", "agent", "pid", "up": s, "memory": bytes, "disk_free": bytes,
     "broker": {"url", "connected"} or null,
     "members": [{"device", "kind", "attached", "port", "revision", "queue", "workloads": [...]}, ...],
     ...}        whatever other parts add under their own names: "runs", "instances", "outbox"
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, Protocol

from edge_host.facts import changing_facts
from wire.messages import Reported

Source = Callable[[], object]
"""Gives one part of the status: dataclasses, mappings, lists, texts, numbers, bytes (shown in hexadecimal)."""


class Reporting(Protocol):
    """What is asked of a member."""

    def reported(self) -> Reported | None:
        """See `edge_host.member.Member`."""


class Status:
    """Collects the status of one agent; belongs to the event loop's thread."""

    def __init__(self, device: str, site: str, version: str, state: Path, members: Mapping[str, Reporting]) -> None:
        self._head = {"device": device, "site": site, "agent": version, "pid": os.getpid()}
        self._own = device
        self._state = state
        self._members = members
        self._begun = time.monotonic()
        self._sources: dict[str, Source] = {}

    def add(self, name: str, source: Source) -> None:
        """Tell one thing more, under `name`."""
        self._sources[name] = source

    def line(self) -> str:
        """One line for people."""
        running = [entry for member in self._members.values() for entry in _workloads(member.reported())]
        failed = sum(entry["state"] in ("failed", "rolled-back") for entry in running)
        broker = plain(self._sources["broker"]()) if "broker" in self._sources else None
        way = (
            ""
            if not broker or not broker["url"]
            else ", broker connected"
            if broker["connected"]
            else ", broker not connected"
        )
        return f"{len(running)} workloads" + (f" ({failed} failed)" if failed else "") + way

    def __call__(self) -> dict[str, Any]:
        """The status now."""
        return {
            **self._head,
            "time": time.time_ns() // 1_000_000,
            "up": round(time.monotonic() - self._begun, 1),
            **changing_facts(self._state),
            "members": [self._member(name, member) for name, member in self._members.items()],
            **{name: plain(source()) for name, source in self._sources.items()},
        }

    def _member(self, name: str, member: Reporting) -> dict[str, Any]:
        report = member.reported()
        own = name == self._own
        shown: dict[str, Any] = {"device": name, "kind": "edge" if own else "board", "attached": report is not None}
        if not own:
            shown["port"] = getattr(member, "port", None)
        if report is None:
            return shown | {"workloads": []}
        if not own:
            shown["board"], shown["firmware"] = (report.facts.get(key) for key in ("board", "firmware"))
        return shown | {
            "revision": report.revision,
            "queue": plain(report.queue),
            "workloads": _workloads(report),
        }


def _workloads(report: Reported | None) -> list[dict[str, Any]]:
    return [plain(entry) for entry in report.workloads] if report is not None else []


def plain(value: object) -> Any:
    """`value` in the types of JSON."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(entry) for entry in value]
    if isinstance(value, bytes):
        return value.hex()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)
