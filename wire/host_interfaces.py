"""`hostInterfaces` of a workload file: what components are granted, when they are called, and their limits.

Each entry is for all components, or for those that `components` of its `config` names (comma separated). What else its
`config` has:

| Package and interfaces | config |
|---|---|
| what a host offers | what it may open: `labels`; `buckets`, `containers` or `subjects` of `OPENED_BY` |
| what another component exports | `component`: the one that exports it; `version` of the entry is needed |
| `petiole:schedule` [handler] | see `wire.schedules` |
| `petiole:gpio` [handler] | `label` and `edge`: `rising`, `falling` or `any` |
| `wasmcloud:messaging` [handler] | `subjects`, comma separated, with the wildcards `*` and `>` |
| `wasi:http` [incoming-handler] | `host` and `path` of the requests; every host and every path if left out |
| `petiole:limits` [] | the fields of `wire.descriptor.Limits` |
| `petiole:probation` [] | `calls` and `seconds`; `health` and `path` on edge hosts |

A schedule, an input, subjects or a route may come in several entries: the component is called for each. `name` of an
entry chooses one of several instances of what hosts offer, by a label of the device.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator

from wire import interfaces, schedules
from wire.descriptor import MESSAGING, Grant, Limits
from wire.draft import Draft, EdgeOnly, find
from wire.errors import MalformedError
from wire.interfaces import Interface
from wire.local_resources import take_secrets
from wire.names import check_name
from wire.probation import Probation, ProbationKind
from wire.subjects import check_filter
from wire.triggers import EdgeKind, HttpRoute, InputEdge, MessageFilter, Trigger
from wire.yaml_nodes import Node, suggestion, words

_MESSAGING = MESSAGING.rstrip("/")
_HTTP = interfaces.HTTP_HANDLER.package

OPENED_BY = {"wasi:keyvalue": "buckets", "wasi:blobstore": "containers", _MESSAGING: "subjects"}
"""What the labels of a package's grants are called in `config`; `labels` of all others."""

_LIMITS = {limit.name.replace("_", "-"): limit.name for limit in dataclasses.fields(Limits)}
_PROBATION = {"calls": "calls", "seconds": "seconds"}
_SIGNS = {
    "calls": ProbationKind.CALLS,
    "probe": ProbationKind.EXPORT,
    "http": ProbationKind.HTTP,
    "telemetry": ProbationKind.TELEMETRY,
}
_OURS = ("petiole:schedule", "petiole:gpio", "petiole:limits", "petiole:probation")
_HANDLERS = {_MESSAGING: interfaces.MESSAGE_HANDLER.name, _HTTP: interfaces.HTTP_HANDLER.name}
_SECRETIVE = ("wasi:config", "wasi:cli")
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?", re.ASCII)
_UNSUPPORTED = {"configFrom": "there are no ConfigMaps; write the values in config"}


def apply(node: Node, drafts: list[Draft], probation: Probation) -> Probation:
    """Give the components what one entry says; return the workload's probation after it."""
    fields = node.fields(
        ("namespace", "package", "interfaces"), ("version", "name", "config", "secretFrom"), _UNSUPPORTED
    )
    package = f"{fields['namespace'].text()}:{fields['package'].text()}"
    names = [item.text() for item in fields["interfaces"].items()]
    config = fields["config"].mapping() if "config" in fields else {}
    if package in _OURS and "name" in fields:
        fields["name"].fail(f"{package} has no instances to choose from: remove name")
    if package == "petiole:probation":
        return _probation(node, config, drafts)
    chosen = _chosen(config.pop("components", None), drafts)
    if "secretFrom" in fields:
        _take_secrets(fields["secretFrom"], package, chosen)
    if package == "petiole:limits":
        _limit(node, config, chosen)
    elif package == "petiole:schedule":
        _call(node, chosen, [schedules.read(node, names, config)])
    elif package == "petiole:gpio":
        _call(node, chosen, [_input_edge(node, names, config)])
    elif provider := config.pop("component", None):
        Node.only(config, ())
        for full_name in _peer(provider, fields, package, names, drafts):
            others = [draft for draft in chosen if draft.name != provider.text()]
            _grant(node, full_name, others, (provider.text(),), merge=False)
    else:
        _offered(fields, package, names, config, chosen)
    return probation


def _offered(fields: dict[str, Node], package: str, names: list[str], config: dict[str, Node], to: list[Draft]) -> None:
    """Grant what hosts offer, and call the components with what they handle."""
    node, key, handler = fields["interfaces"], OPENED_BY.get(package, "labels"), _HANDLERS.get(package)
    called = handler in names
    rest = [name for name in names if name != handler]
    granted = [] if called and not rest else list(_interfaces(node, package, rest, fields))
    labelled = any(interface.labelled for interface in granted) or (called and package == _MESSAGING)
    routed = called and package == _HTTP
    Node.only(config, ((key,) if labelled else ()) + (("host", "path") if routed else ()))
    labels = _labels(fields, package, key, config) if labelled else ()
    if "name" in fields and not labelled:
        fields["name"].fail(f"{package} has no instances to choose from: remove name")
    for interface in granted:
        if interface.edge_only:
            _only_on_edge_hosts(node, f"{package}/{interface.name}", to)
        if not interface.free:
            given = labels if interface.labelled else None
            _grant(config.get(key, node), interface.full_name, to, given, merge="name" in fields)
    if routed:
        _call(node, to, [_route(node, config)])
    elif called:
        _call(config[key], to, [config[key].checked(MessageFilter, label) for label in labels])
    if "name" in fields and package == _MESSAGING:
        _bind(fields["name"], to, labels)


def _labels(fields: dict[str, Node], package: str, key: str, config: dict[str, Node]) -> tuple[str, ...]:
    """What an entry may open; a `name` is one of them, but of messages, whose subjects are no instances."""
    if key in config:
        if "name" in fields and package != _MESSAGING:
            fields["name"].fail(f"name and config.{key} both say what to open: leave one out")
        if labels := words(config[key].text()):
            return labels
    elif "name" in fields and package != _MESSAGING:
        return (fields["name"].text(),)
    fields["interfaces"].fail(f"{package} needs the {key} it may open: add config: {{{key}: NAME}}")


def _bind(node: Node, to: list[Draft], subjects: tuple[str, ...]) -> None:
    label = node.text()
    for draft in to:
        bound = dict.fromkeys((*draft.edge.bindings.get(label, ()), *subjects))
        draft.on_edge_hosts(node, "a named interface", bindings={**draft.edge.bindings, label: tuple(bound)})


def _take_secrets(node: Node, package: str, chosen: list[Draft]) -> None:
    if package not in _SECRETIVE:
        node.fail(
            f"secrets of {package} belong to the device: give the entry a name, "
            "and write them under [labels.NAME] of the device's configuration"
        )
    for draft in chosen:
        take_secrets(draft, node)


def _chosen(components: Node | None, drafts: list[Draft]) -> list[Draft]:
    if components is None:
        return drafts
    return [find(components, name, drafts) for name in words(components.text())]


def _limit(node: Node, config: dict[str, Node], chosen: list[Draft]) -> None:
    limits = Limits(**_numbers(config, _LIMITS))
    for draft in chosen:
        if draft.limits is not None:
            node.fail(f"component {draft.name} has limits already")
        if draft.memory is not None and "memory" in config:
            config["memory"].fail(f"component {draft.name} has memoryLimitMb already")
        draft.limits = limits


def _probation(node: Node, config: dict[str, Node], drafts: list[Draft]) -> Probation:
    health, path = config.pop("health", None), config.pop("path", None)
    numbers = _numbers(config, _PROBATION)
    kind = ProbationKind.CALLS
    if health is not None:
        if health.text() not in _SIGNS:
            health.fail(f"health is {health.text()!r}; expected {', '.join(_SIGNS)}{suggestion(health.text(), _SIGNS)}")
        kind = _SIGNS[health.text()]
        _only_on_edge_hosts(health, f"health: {health.text()}", drafts if kind else [])
    try:
        return Probation(**numbers, sign=int(kind) or None, path=path.text() if path is not None else None)
    except MalformedError as error:
        (path or health or node).fail(str(error))


def _call(node: Node, drafts: list[Draft], triggers: Iterable[Trigger]) -> None:
    for trigger in triggers:
        if what := schedules.edge_only(trigger):
            _only_on_edge_hosts(node, what, drafts)
        for draft in drafts:
            if any(str(known) == str(trigger) for known in draft.triggers):
                node.fail(f"component {draft.name} is called {trigger} already")
            draft.triggers.append(trigger)


def _only_on_edge_hosts(node: Node, what: str, drafts: list[Draft]) -> None:
    for draft in drafts:
        draft.edge_only.append(EdgeOnly(node.place, what))


def _route(node: Node, config: dict[str, Node]) -> HttpRoute:
    host = config["host"].text().lower() if "host" in config else "*"
    path = config["path"].text() if "path" in config else "/"
    return config.get("host", config.get("path", node)).checked(lambda given: HttpRoute(*given), (host, path))


def _input_edge(node: Node, names: list[str], config: dict[str, Node]) -> InputEdge:
    if names != [interfaces.EDGE_HANDLER.name] or config.keys() != {"label", "edge"}:
        node.fail("petiole:gpio is written {interfaces: [handler], config: {label: INPUT, edge: rising}}")
    edges = {edge.name.lower(): edge for edge in EdgeKind}
    if (name := config["edge"].text()) not in edges:
        config["edge"].fail(f"edge is {name!r}; expected {', '.join(edges)}{suggestion(name, edges)}")
    return config["label"].checked(lambda label: InputEdge(label, edges[name]), config["label"].text())


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
        asked = interface.full_name if version is None else f"{package}/{name}@{version.text()}"
        if version is not None and interfaces.known_name(asked) != interface.full_name:
            version.fail(f"no host offers {package}@{version.text()}; offered is {interface.version}")
        bringer = interfaces.granting(interface.full_name)
        if bringer == interface.full_name or interface.free:
            yield interface
        elif not bringer.startswith(f"{package}/"):
            node.fail(f"{package}/{name} is not granted by itself: it comes with {bringer}")


def _peer(node: Node, fields: dict[str, Node], package: str, names: list[str], drafts: list[Draft]) -> list[str]:
    """The full names of interfaces that the component named in `node` exports for others of the workload."""
    find(node, node.text(), drafts)
    if "name" in fields:
        fields["name"].fail(f"{package} has no instances to choose from: remove name")
    if "version" not in fields:
        node.fail(f"say which version of {package}: add version: 1.0.0 beside interfaces")
    version = fields["version"].text()
    if not _VERSION.fullmatch(version):
        fields["version"].fail(f"{version!r} is not a version: write it as in WIT, 1.0.0")
    if any(interface.package == package for interface in interfaces.IMPORTS):
        node.fail(f"{package} is offered by the host, not by a component: remove component from config")
    return [f"{package}/{name}@{version}" for name in names]


def _grant(node: Node, full_name: str, drafts: list[Draft], labels: tuple[str, ...] | None, *, merge: bool) -> None:
    """Grant an interface; with `merge` its labels join those that were granted before."""
    check = check_filter if full_name.startswith(MESSAGING) else lambda label: check_name("label", label)
    for label in labels or ():
        node.checked(check, label)
    for draft in drafts:
        before = draft.grants.get(full_name)
        if before is not None and not merge:
            node.fail(f"component {draft.name} is granted {full_name} already")
        joined = labels if before is None or labels is None else tuple(dict.fromkeys((*(before.labels or ()), *labels)))
        draft.grants[full_name] = Grant(joined)


def _numbers(config: dict[str, Node], known: dict[str, str]) -> dict[str, int]:
    Node.only(config, known)
    result = {}
    for key, node in config.items():
        text = node.text()
        if not re.fullmatch(r"[0-9]{1,18}", text) or int(text) == 0:
            node.fail(f"{node.where} is {text!r}; expected a whole number above zero, in quotes")
        result[known[key]] = int(text)
    return result
