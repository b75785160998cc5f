"""Triggers: what makes a host call a component (formats.md section 5).

In the descriptor each is an array that begins with its kind: `[0, 1000]`, `[1, "*/5 * * * *", "Europe/Berlin"]`,
`[2, "door", 1]`, `[3, "alarm.>"]`, `[4]`, `[5]`, `[6, "example.com", "/"]`. A schedule's rules for edge hosts are a map
at its end: `[1, "*/5 * * * *", null, {0: 1}]`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Any

from wire import cron, interfaces, records
from wire.cbor import MAX_UINT
from wire.errors import MalformedError
from wire.names import check_name
from wire.records import Key
from wire.subjects import check_filter

_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", re.ASCII)
_MAX_ZONE = 40
_ROUTE_HOST = re.compile(r"\*|[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", re.ASCII)
_ROUTE_PATH = re.compile(r"/[!-~]{0,127}", re.ASCII)


class EdgeKind(IntEnum):
    """Which change of an input counts."""

    RISING = 0
    FALLING = 1
    ANY = 2


class Concurrency(IntEnum):
    """What happens at a scheduled time while the run before is not over: a second one, none, or this one instead."""

    FORBID = 0
    ALLOW = 1
    REPLACE = 2


class Missed(IntEnum):
    """What happens to times that passed while the host was down or its clock was wrong: none, or one run for all."""

    SKIP = 0
    RUN_ONCE = 1


@dataclass(frozen=True)
class SchedulePolicy:
    """Rules of a schedule, which edge hosts keep: boards know the defaults alone.

    A run that could not begin within `start_deadline` milliseconds of its time is missed (0: no deadline). Each run
    is put off by up to `jitter` milliseconds, chosen anew each time. A suspended schedule makes no runs.
    """

    concurrency: Concurrency = Concurrency.FORBID
    start_deadline: int = 0
    jitter: int = 0
    missed: Missed = Missed.SKIP
    suspended: bool = False

    def map(self) -> list[dict[int, Any]]:
        """What stands at the end of a trigger: a map with what is not a default, or nothing."""
        plain = {0: int(self.concurrency), 1: self.start_deadline, 2: self.jitter, 3: int(self.missed)}
        named: dict[int, Any] = {key: value for key, value in plain.items() if value}
        if self.suspended:
            named[4] = True
        return [named] if named else []


DEFAULT_POLICY = SchedulePolicy()


@dataclass(frozen=True)
class Every:
    """Every `interval` milliseconds; the first run one interval after the start."""

    interval: int
    policy: SchedulePolicy = DEFAULT_POLICY

    export = interfaces.HANDLER.full_name

    def __post_init__(self) -> None:
        if not 0 < self.interval <= MAX_UINT:
            raise MalformedError("a trigger's interval is at least 1 ms")

    def array(self) -> list[Any]:
        """As it stands in the descriptor."""
        return [0, self.interval, *self.policy.map()]

    def __str__(self) -> str:
        return f"every {self.interval} ms"


@dataclass(frozen=True)
class Calendar:
    """At the times of a calendar expression (`wire.cron`) in a time zone of the IANA database; None is UTC."""

    expression: str
    zone: str | None = None
    policy: SchedulePolicy = DEFAULT_POLICY

    export = interfaces.HANDLER.full_name

    def __post_init__(self) -> None:
        cron.check(self.expression)
        if self.zone is not None and (len(self.zone) > _MAX_ZONE or not _ZONE.fullmatch(self.zone)):
            raise MalformedError(f"{self.zone!r} is not the name of a time zone, as 'Europe/Berlin' is")

    def array(self) -> list[Any]:
        """As it stands in the descriptor."""
        rules = self.policy.map()
        return [1, self.expression, *([self.zone] if self.zone is not None or rules else []), *rules]

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


@dataclass(frozen=True)
class HttpRoute:
    """When an HTTP request comes for `host` (`*`: any) whose path begins with `path`; edge hosts alone have it."""

    host: str
    path: str

    export = interfaces.HTTP_HANDLER.full_name

    def __post_init__(self) -> None:
        if not _ROUTE_HOST.fullmatch(self.host):
            raise MalformedError(f"{self.host!r} is not the name of a host, nor *")
        if not _ROUTE_PATH.fullmatch(self.path):
            raise MalformedError(f"{self.path!r} is not a path that begins with /")

    def array(self) -> list[Any]:
        """As it stands in the descriptor."""
        return [6, self.host, self.path]

    def __str__(self) -> str:
        return f"on requests for {self.host}{self.path}"


Trigger = Every | Calendar | InputEdge | MessageFilter | AtStart | Service | HttpRoute
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


def _every(interval: int, rules: Any = None) -> Every:
    return Every(interval, _policy(rules))


def _calendar(expression: str, zone: str | None = None, rules: Any = None) -> Calendar:
    return Calendar(expression, zone, _policy(rules))


def _policy(rules: Any) -> SchedulePolicy:
    if rules is None:
        return DEFAULT_POLICY
    raw = records.from_map(_Rules, rules, "rules of a schedule")
    for name, given, kind in (("concurrency", raw.concurrency, Concurrency), ("missed", raw.missed, Missed)):
        if given not in list(kind):
            raise MalformedError(f"{name} {given} of a schedule is unknown")
    return SchedulePolicy(
        Concurrency(raw.concurrency), raw.start_deadline, raw.jitter, Missed(raw.missed), raw.suspended
    )


@dataclass(frozen=True)
class _Rules:
    concurrency: Annotated[int, Key(0)] = 0
    start_deadline: Annotated[int, Key(1)] = 0
    jitter: Annotated[int, Key(2)] = 0
    missed: Annotated[int, Key(3)] = 0
    suspended: Annotated[bool, Key(4)] = False


_READERS: dict[int, tuple[list[list[type]], Callable[..., Trigger]]] = {
    0: ([[int], [int, dict]], _every),
    1: ([[str], [str, str], [str, type(None), dict], [str, str, dict]], _calendar),
    2: ([[str, int]], _input_edge),
    3: ([[str]], MessageFilter),
    4: ([[]], AtStart),
    5: ([[]], Service),
    6: ([[str, str]], HttpRoute),
}
