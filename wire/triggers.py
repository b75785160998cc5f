"""Triggers: what makes a host call a component (formats.md section 5).

In the descriptor each is an array that begins with its kind: `[0, 1000]`, `[1, "*/5 * * * *", "Europe/Berlin"]`,
`[2, "door", 1]`, `[3, "alarm.>"]`, `[4]`, `[5]`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from wire import cron, interfaces
from wire.cbor import MAX_UINT
from wire.errors import MalformedError
from wire.names import check_name
from wire.subjects import check_filter

_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", re.ASCII)
_MAX_ZONE = 40


class EdgeKind(IntEnum):
    """Which change of an input counts."""

    RISING = 0
    FALLING = 1
    ANY = 2


@dataclass(frozen=True)
class Every:
    """Every `interval` milliseconds; the first run one interval after the start."""

    interval: int

    export = interfaces.HANDLER.full_name

    def __post_init__(self) -> None:
        if not 0 < self.interval <= MAX_UINT:
            raise MalformedError("a trigger's interval is at least 1 ms")

    def array(self) -> list[Any]:
        """As it stands in the descriptor."""
        return [0, self.interval]

    def __str__(self) -> str:
        return f"every {self.interval} ms"


@dataclass(frozen=True)
class Calendar:
    """At the times of a calendar expression (`wire.cron`) in a time zone of the IANA database; None is UTC."""

    expression: str
    zone: str | None = None

    export = interfaces.HANDLER.full_name

    def __post_init__(self) -> None:
        cron.check(self.expression)
        if self.zone is not None and (len(self.zone) > _MAX_ZONE or not _ZONE.fullmatch(self.zone)):
            raise MalformedError(f"{self.zone!r} is not the name of a time zone, as 'Europe/Berlin' is")

    def array(self) -> list[Any]:
        """As it stands in the descriptor."""
        return [1, self.expression] if self.zone is None else [1, self.expression, self.zone]

    def __str__(self) -> str:
        return f"at {self.expression} {self.zone or 'UTC'}"


@dataclass(frozen=True)
class InputEdge:
    """When the input `label` changes."""

    label: str
    edge: EdgeKind

    export = interfaces.EDGE_HANDLER.full_name

    def __post_init__(self) -> None:
        check_name("label", self.label)

    def array(self) -> list[Any]:
        """As it stands in the descriptor."""
        return [2, self.label, int(self.edge)]

    def __str__(self) -> str:
        return f"on {self.edge.name.lower()} edge of {self.label}"


@dataclass(frozen=True)
class MessageFilter:
    """When a message comes whose subject fits `subjects`."""

    subjects: str

    export = interfaces.MESSAGE_HANDLER.full_name

    def __post_init__(self) -> None:
        check_filter(self.subjects)

    def array(self) -> list[Any]:
        """As it stands in the descriptor."""
        return [3, self.subjects]

    def __str__(self) -> str:
        return f"on messages {self.subjects}"


@dataclass(frozen=True)
class AtStart:
    """Once at each start of the workload."""

    export = interfaces.HANDLER.full_name

    def array(self) -> list[Any]:
        """As it stands in the descriptor."""
        return [4]

    def __str__(self) -> str:
        return "at start"


@dataclass(frozen=True)
class Service:
    """Called at the start and meant to stay; its end is a stop."""

    export = interfaces.SERVICE.full_name

    def array(self) -> list[Any]:
        """As it stands in the descriptor."""
        return [5]

    def __str__(self) -> str:
        return "as a service"


Trigger = Every | Calendar | InputEdge | MessageFilter | AtStart | Service
"""Any of them; `export` is the interface that a component exports for it."""


def read(array: Any, where: str) -> Trigger:
    """The trigger that stands in a decoded descriptor; MalformedError names `where`."""
    match array:
        case [kind, *arguments] if type(kind) is int and kind in _READERS:
            types, make = _READERS[kind]
            given = [type(argument) for argument in arguments]
            if given in types:
                try:
                    return make(*arguments)
                except MalformedError as error:
                    raise MalformedError(f"{where}: {error}") from None
            raise MalformedError(f"{where} has other arguments than a trigger of kind {kind}")
        case [kind, *_] if type(kind) is int:
            raise MalformedError(f"{where} has the unknown kind {kind}")
    raise MalformedError(f"{where} is not an array that begins with a trigger's kind")


def _input_edge(label: str, edge: int) -> InputEdge:
    if edge not in list(EdgeKind):
        raise MalformedError(f"edge {edge} is not 0, 1 or 2")
    return InputEdge(label, EdgeKind(edge))


_READERS: dict[int, tuple[list[list[type]], Callable[..., Trigger]]] = {
    0: ([[int]], Every),
    1: ([[str], [str, str]], Calendar),
    2: ([[str, int]], _input_edge),
    3: ([[str]], MessageFilter),
    4: ([[]], AtStart),
    5: ([[]], Service),
}
