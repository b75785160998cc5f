"""`petiole:schedule` [handler] of a workload file: when a component is called by the clock, and the rules for it.

`every: 1s`, `cron: "*/5 * * * *"` with `time-zone` if not UTC, or `start: "true"`. With `every` and `cron` the rules,
which edge hosts alone keep: `concurrency` (forbid, allow, replace), `start-deadline` and `jitter` (times), `missed`
(skip, run-once), `suspend: "true"`.
"""

import re
from enum import IntEnum
from typing import TypeVar

from wire import cron
from wire.triggers import (
    DEFAULT_POLICY,
    AtStart,
    Calendar,
    Concurrency,
    Every,
    HttpRoute,
    Missed,
    SchedulePolicy,
    Trigger,
)
from wire.yaml_nodes import Node, suggestion

RULES = ("concurrency", "start-deadline", "jitter", "missed", "suspend")

_DURATION = re.compile(r"(\d{1,9})(ms|s|m|h)", re.ASCII)
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_EVERY = "@every "

Choice = TypeVar("Choice", bound=IntEnum)


def read(node: Node, names: list[str], config: dict[str, Node]) -> Trigger:
    """The trigger that one entry describes."""
    if names != ["handler"] or len(config.keys() & {"every", "cron", "start"}) != 1:
        node.fail(
            "petiole:schedule is written {interfaces: [handler], config: {every: 1s}}, "
            'or with {cron: "*/5 * * * *", time-zone: UTC} or {start: "true"} for its config'
        )
    if "start" in config:
        Node.only(config, ("start",))
        _only_true(config["start"])
        return AtStart()
    if "every" in config:
        Node.only(config, ("every", *RULES))
        return _every(config["every"], config["every"].text(), _policy(config))
    Node.only(config, ("cron", "time-zone", *RULES))
    text, policy = config["cron"].text(), _policy(config)
    if text.startswith(_EVERY):
        return _every(config["cron"], text.removeprefix(_EVERY), policy)
    expression = config["cron"].checked(cron.normalised, text)
    if "time-zone" not in config or (zone := config["time-zone"].text()) == "UTC":
        return Calendar(expression, policy=policy)
    return config["time-zone"].checked(lambda name: Calendar(expression, name, policy), zone)


def edge_only(trigger: Trigger) -> str | None:
    """What of a trigger boards cannot do, by its name in a workload file."""
    if isinstance(trigger, Calendar) and trigger.zone not in (None, "UTC"):
        return "time-zone"
    if isinstance(trigger, Every | Calendar) and trigger.policy != DEFAULT_POLICY:
        return "a rule of petiole:schedule"
    if isinstance(trigger, HttpRoute):
        return "wasi:http/incoming-handler"
    return None


def _policy(config: dict[str, Node]) -> SchedulePolicy:
    if "suspend" in config:
        _only_true(config["suspend"])
    return SchedulePolicy(
        concurrency=_choice(config, "concurrency", Concurrency, DEFAULT_POLICY.concurrency),
        start_deadline=_duration(config["start-deadline"]) if "start-deadline" in config else 0,
        jitter=_duration(config["jitter"]) if "jitter" in config else 0,
        missed=_choice(config, "missed", Missed, DEFAULT_POLICY.missed),
        suspended="suspend" in config,
    )


def _choice(config: dict[str, Node], key: str, kind: type[Choice], default: Choice) -> Choice:
    if key not in config:
        return default
    known = {one.name.lower().replace("_", "-"): one for one in kind}
    if (given := config[key].text()) not in known:
        config[key].fail(f"{key} is {given!r}; expected {', '.join(known)}{suggestion(given, known)}")
    return known[given]


def _every(node: Node, text: str, policy: SchedulePolicy) -> Every:
    return Every(_milliseconds(node, text), policy)


def _duration(node: Node) -> int:
    return _milliseconds(node, node.text())


def _milliseconds(node: Node, text: str) -> int:
    match = _DURATION.fullmatch(text)
    if not match or not int(match[1]):
        node.fail(f"{text!r} is not a time: write 500ms, 1s, 5m or 1h")
    return int(match[1]) * _MILLISECONDS[match[2]]


def _only_true(node: Node) -> None:
    if node.text() != "true":
        node.fail(f'{node.where.rpartition(".")[2]} has the one value "true"; remove it if it is not wanted')
