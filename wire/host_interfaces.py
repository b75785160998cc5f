"""`hostInterfaces` of a workload file: what components are granted, when they are called, and their limits.

Each entry is for all components, or for those that `components` of its `config` names (comma separated). What else its
`config` has:

| Package and interfaces | config |
|---|---|
| what a host offers | what it may open: `labels`; `buckets` of `wasi:keyvalue`; `subjects` of `wasmcloud:messaging` |
| what another component exports | `component`: the one that exports it; `version` of the entry is needed |
| `petiole:schedule` [handler] | `every: 1s`, `cron: "*/5 * * * *"` with `time-zone` if not UTC, or `start: "true"` |
| `petiole:gpio` [handler] | `label` and `edge`: `rising`, `falling` or `any` |
| `wasmcloud:messaging` [handler] | `subjects`, comma separated, with the wildcards `*` and `>` |
| `petiole:limits` [] | the fields of `wire.descriptor.Limits` |
| `petiole:probation` [] | `calls` and `seconds` |

A schedule, an input or subjects may come in several entries: the component is called for each.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from wire import cron, interfaces
from wire.descriptor import MESSAGING, Component, Grant, Limits, Probation
from wire.errors import MalformedError
from wire.interfaces import Interface
from wire.names import check_name
from wire.subjects import check_filter
from wire.triggers import AtStart, Calendar, EdgeKind, Every, InputEdge, MessageFilter, Trigger
from wire.yaml_nodes import Node, suggestion

_LIMITS = {limit.name.replace("_", "-"): limit.name for limit in dataclasses.fields(Limits)}
_PROBATION = {step.name: step.name for step in dataclasses.fields(Probation)}
_OURS = ("petiole:schedule", "petiole:gpio", "petiole:limits", "petiole:probation")
_HANDLER = "handler"
_MESSAGING = MESSAGING.rstrip("/")
_OPENED_BY = {"wasi:keyvalue": "buckets", _MESSAGING: "subjects"}
_DURATION = re.compile(r"(\d+)(ms|s|m|h)")
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_EVERY = "@every "
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?")

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass
class Draft:
    """A component while the host interfaces are gone through."""

    name: str
    image: Path
    config: dict[str, str]
    grants: dict[str, Grant] = field(default_factory=dict)
    limits: Limits | None = None
    triggers: list[Trigger] = field(default_factory=list)

    def component(self) -> Component:
        """The component as it stands in a descriptor."""
        return Component(self.name, self.grants, self.limits or Limits(), self.config, tuple(self.triggers))


def apply(node: Node, drafts: list[Draft], probation: Probation) -> Probation:
    """Give the components what one entry says; return the workload's probation after it."""
    fields = node.fields(
        ("namespace", "package", "interfaces"), ("version", "name", "config"), ("configFrom", "secretFrom")
    )
    package = f"{fields['namespace'].text()}:{fields['package'].text()}"
    names = [item.text() for item in fields["interfaces"].items()]
    config = fields["config"].mapping() if "config" in fields else {}
    if package == "petiole:probation":
        return Probation(**_numbers(config, _PROBATION))
    chosen = _chosen(config.pop("components", None), drafts)
    if package == "petiole:limits":
        limits = Limits(**_numbers(config, _LIMITS))
        for draft in chosen:
            if draft.limits is not None:
                node.fail(f"component {draft.name} has limits already")
            draft.limits = limits
    elif package == "petiole:schedule":
        _call(node, chosen, [_schedule(node, names, config)])
    elif package == "petiole:gpio":
        _call(node, chosen, [_input_edge(node, names, config)])
    elif provider := config.pop("component", None):
        _only(config, ())
        for full_name in _peer(provider, fields, package, names, drafts):
            others = [draft for draft in chosen if draft.name != provider.text()]
            _grant(node, full_name, others, (provider.text(),))
    else:
        _offered(fields, package, names, config, chosen)
    return probation


def words(text: str) -> tuple[str, ...]:
    """The words of a comma separated list."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _offered(fields: dict[str, Node], package: str, names: list[str], config: dict[str, Node], to: list[Draft]) -> None:
    """Grant what hosts offer; `wasmcloud:messaging` is also called with what was subscribed to."""
    node, key = fields["interfaces"], _OPENED_BY.get(package, "labels")
    called = package == _MESSAGING and _HANDLER in names
    rest = [name for name in names if not (called and name == _HANDLER)]
    granted = [] if called and not rest else list(_interfaces(node, package, rest, fields))
    labelled = called or any(interface.labelled for interface in granted)
    _only(config, (key,) if labelled else ())
    labels = words(config[key].text()) if key in config else ()
    if labelled and not labels:
        node.fail(f"{package} needs the {key} it may open: add config: {{{key}: NAME}}")
    for interface in granted:
        _grant(config.get(key, node), interface.full_name, to, labels if interface.labelled else None)
    if called:
        _call(config[key], to, [_checked(config[key], MessageFilter, label) for label in labels])


def _chosen(components: Node | None, drafts: list[Draft]) -> list[Draft]:
    if components is None:
        return drafts
    return [_find(components, name, drafts) for name in words(components.text())]


def _find(node: Node, name: str, drafts: list[Draft]) -> Draft:
    known = {draft.name: draft for draft in drafts}
    if name not in known:
        node.fail(f"there is no component {name!r}{suggestion(name, known)}")
    return known[name]


def _call(node: Node, drafts: list[Draft], triggers: Iterable[Trigger]) -> None:
    for trigger in triggers:
        for draft in drafts:
            if trigger in draft.triggers:
                node.fail(f"component {draft.name} is called {trigger} already")
            draft.triggers.append(trigger)


def _schedule(node: Node, names: list[str], config: dict[str, Node]) -> Trigger:
    if names != [_HANDLER] or len(config.keys() & {"every", "cron", "start"}) != 1:
        node.fail(
            "petiole:schedule is written {interfaces: [handler], config: {every: 1s}}, "
            'or with {cron: "*/5 * * * *", time-zone: UTC} or {start: "true"} for its config'
        )
    if "every" in config:
        _only(config, ("every",))
        return _every(config["every"], config["every"].text())
    if "start" in config:
        _only(config, ("start",))
        if config["start"].text() != "true":
            config["start"].fail('start has the one value "true"; remove the entry if it is not wanted')
        return AtStart()
    _only(config, ("cron", "time-zone"))
    text = config["cron"].text()
    if text.startswith(_EVERY):
        return _every(config["cron"], text.removeprefix(_EVERY))
    expression = _checked(config["cron"], cron.normalised, text)
    if "time-zone" not in config or (zone := config["time-zone"].text()) == "UTC":
        return Calendar(expression)
    return _checked(config["time-zone"], lambda name: Calendar(expression, name), zone)


def _every(node: Node, text: str) -> Every:
    match = _DURATION.fullmatch(text)
    if not match or not int(match[1]):
        node.fail(f"{text!r} is not a time: write 500ms, 1s, 5m or 1h")
    return _checked(node, Every, int(match[1]) * _MILLISECONDS[match[2]])


def _input_edge(node: Node, names: list[str], config: dict[str, Node]) -> InputEdge:
    if names != [_HANDLER] or config.keys() != {"label", "edge"}:
        node.fail("petiole:gpio is written {interfaces: [handler], config: {label: INPUT, edge: rising}}")
    edges = {edge.name.lower(): edge for edge in EdgeKind}
    if (name := config["edge"].text()) not in edges:
        config["edge"].fail(f"edge is {name!r}; expected {', '.join(edges)}{suggestion(name, edges)}")
    return _checked(config["label"], lambda label: InputEdge(label, edges[name]), config["label"].text())


def _interfaces(node: Node, package: str, names: list[str], fields: dict[str, Node]) -> Iterator[Interface]:
    version = fields.get("version")
    offered = {interface.name: interface for interface in interfaces.IMPORTS if interface.package == package}
    if not offered:
        known = sorted({interface.package for interface in interfaces.IMPORTS} | set(_OURS))
        node.fail(
            f"no host offers the package {package}{suggestion(package, known)}; "
            "for an interface that another component exports add config: {component: NAME}"
        )
    for name in names:
        if name not in offered:
            node.fail(f"no host offers {package}/{name}{suggestion(name, offered)}")
        interface = offered[name]
        if version is not None and version.text() != interface.version:
            version.fail(f"no host offers {package}@{version.text()}; offered is {interface.version}")
        if interface.free:
            continue
        bringer = interfaces.granting(interface.full_name)
        if bringer == interface.full_name:
            yield interface
        elif not bringer.startswith(f"{package}/"):
            node.fail(f"{package}/{name} is not granted by itself: it comes with {bringer}")


def _peer(node: Node, fields: dict[str, Node], package: str, names: list[str], drafts: list[Draft]) -> list[str]:
    """The full names of interfaces that the component named in `node` exports for others of the workload."""
    _find(node, node.text(), drafts)
    if "version" not in fields:
        node.fail(f"say which version of {package}: add version: 1.0.0 beside interfaces")
    version = fields["version"].text()
    if not _VERSION.fullmatch(version):
        fields["version"].fail(f"{version!r} is not a version: write it as in WIT, 1.0.0")
    if any(interface.package == package for interface in interfaces.IMPORTS):
        node.fail(f"{package} is offered by the host, not by a component: remove component from config")
    return [f"{package}/{name}@{version}" for name in names]


def _grant(node: Node, full_name: str, drafts: list[Draft], labels: tuple[str, ...] | None) -> None:
    check = check_filter if full_name.startswith(MESSAGING) else lambda label: check_name("label", label)
    for label in labels or ():
        _checked(node, check, label)
    for draft in drafts:
        if full_name in draft.grants:
            node.fail(f"component {draft.name} is granted {full_name} already")
        draft.grants[full_name] = Grant(labels)


def _numbers(config: dict[str, Node], known: dict[str, str]) -> dict[str, int]:
    _only(config, known)
    result = {}
    for key, node in config.items():
        text = node.text()
        if not re.fullmatch(r"[0-9]{1,18}", text) or int(text) == 0:
            node.fail(f"{node.where} is {text!r}; expected a whole number above zero, in quotes")
        result[known[key]] = int(text)
    return result


def _only(config: dict[str, Node], known: Iterable[str]) -> None:
    for key, node in config.items():
        if key not in known:
            node.fail(f"unknown field {node.where}{suggestion(key, list(known))}")


def _checked(node: Node, make: Callable[[Given], Made], value: Given) -> Made:
    """What `make` makes of `value`; its MalformedError gets the place of `node`."""
    try:
        return make(value)
    except MalformedError as error:
        node.fail(str(error))
