"""What a board sends, as typed values, and how its events become records of the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge_host.outbox import EVENT, TELEMETRY
from wire import senml
from wire.errors import MalformedError
from wire.messages import Event, EventKind, ReportedWorkload

LEVELS = ("trace", "debug", "info", "warn", "error", "critical")

Body = Mapping[str, Any]


def number(body: Body, key: str) -> int:
    """The unsigned number under `key`; raises `MalformedError`."""
    value = body.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise MalformedError(f"board: {key} is {value!r}, not an unsigned number")
    return value


def text(body: Body, key: str) -> str:
    """The text under `key`, empty when it is missing; raises `MalformedError`."""
    value = body.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise MalformedError(f"board: {key} is {value!r}, not a text")
    return value


@dataclass(frozen=True)
class Lease:
    """The answer to `subscribe`."""

    boot: int
    newest: int
    first: int
    up: int

    @classmethod
    def of(cls, body: Body) -> Lease:
        """From the board's answer."""
        return cls(number(body, "boot"), number(body, "seq"), number(body, "first"), number(body, "up"))


def workloads(body: Body) -> dict[str, ReportedWorkload]:
    """The board's own list of workloads, by name."""
    listed = body.get("workloads")
    if not isinstance(listed, list) or not all(isinstance(entry, Mapping) for entry in listed):
        raise MalformedError("board: workloads is not a list of maps")
    entries = {}
    for entry in listed:
        release = entry.get("release")
        entries[text(entry, "name")] = ReportedWorkload(
            text(entry, "name"),
            text(entry, "version"),
            number(entry, "seq"),
            release if isinstance(release, bytes) else b"",
            text(entry, "state"),
            text(entry, "reason"),
            number(entry, "off"),
            number(entry, "size"),
            text(entry, "previous") or None,
        )
    return entries


def greeting(facts: Body) -> tuple[str, str]:
    """Level and words with which the attachment of a board is told."""
    if facts.get("safe") is True:
        return "error", "attached in safe mode: no workload runs until a new release is activated or the board is reset"
    return "info", "attached"


def record(device: str, body: Body, unix_ms: int) -> tuple[str, bytes]:
    """The stream and the record of an event that happened at `unix_ms`; raises `MalformedError`."""
    kind = text(body, "kind")
    if kind == EventKind.TELEMETRY:
        value = body.get("v")
        if not isinstance(value, int | float | str):
            raise MalformedError(f"board: value {value!r} is neither number, text nor boolean")
        measurement = senml.Measurement(
            device, text(body, "wl"), text(body, "n"), text(body, "u"), value, unix_ms / 1000
        )
        return TELEMETRY, senml.encode(measurement)
    level = body.get("lvl")
    message = text(body, "msg")
    component = text(body, "comp") or None
    if kind == EventKind.DROPPED and component:
        message = f"{number(body, 'count')} messages and edges came faster than the component took them"
    elif kind == EventKind.DROPPED:
        message = f"{number(body, 'count')} events did not fit the board's buffer"
    if kind == EventKind.LIMIT:
        message = f"reached its limit of {text(body, 'n')}: {number(body, 'v')}"
    if kind == EventKind.STOP:
        return EVENT, _stop(body, unix_ms).encode()
    event = Event(
        unix_ms,
        kind,
        text(body, "wl") or None,
        text(body, "ver") or None,
        LEVELS[level] if isinstance(level, int) and 0 <= level < len(LEVELS) else None,
        text(body, "ctx") or None,
        message or None,
        text(body, "state") or None,
        text(body, "reason") or None,
        component=component,
    )
    return EVENT, event.encode()


def _stop(body: Body, unix_ms: int) -> Event:
    """The post-mortem of a component (formats, section 6)."""
    release = body.get("rel")
    return Event(
        unix_ms,
        EventKind.STOP,
        text(body, "wl") or None,
        text(body, "ver") or None,
        level="error",
        reason=text(body, "reason") or None,
        release=release if isinstance(release, bytes) else None,
        component=text(body, "comp") or None,
        trap=text(body, "trap") or None,
        pc=_optional(body, "pc"),
        function=_optional(body, "fn"),
        fuel=_optional(body, "fuel"),
        memory=_optional(body, "mem"),
        stack=_optional(body, "stack"),
        up=_optional(body, "at"),
    )


def _optional(body: Body, key: str) -> int | None:
    return None if body.get(key) is None else number(body, key)
