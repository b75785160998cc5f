"""Workload files: wasmCloud's `WorkloadDeployment` (runtime.wasmcloud.dev/v1alpha1) as YAML.

A component gets what the entries of `hostInterfaces` grant it, and nothing else. An entry's `config` narrows the grant:
`labels` (comma separated) for `wasi:i2c` and `wasi:gpio`, `every` for `petiole:schedule`, limits for `petiole:limits`,
`calls` and `seconds` for `petiole:probation`; `components` names those it is for, where a workload has several.
Annotations say how to build: `petiole.build/crate` (a folder, relative to the file) and `petiole.build/features` (comma
separated).
"""

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from wire import interfaces, yaml_nodes
from wire.descriptor import MAX_VERSION_BYTES, Component, Descriptor, Grant, Limits, Probation, Trigger
from wire.errors import MalformedError
from wire.names import check_name
from wire.yaml_nodes import Node, suggestion

API_VERSION = "runtime.wasmcloud.dev/v1alpha1"
KIND = "WorkloadDeployment"
VERSION_LABEL = "app.kubernetes.io/version"
CRATE_ANNOTATION = "petiole.build/crate"
FEATURES_ANNOTATION = "petiole.build/features"

_UNSUPPORTED_SPEC = ("replicas", "deployPolicy", "artifacts", "kubernetes")
_UNSUPPORTED_WORKLOAD = ("hostSelector", "hostId", "environment", "service", "volumes", "kubernetes")
_UNSUPPORTED_COMPONENT = ("imagePullSecret", "imagePullPolicy", "poolSize", "maxInvocations", "maxConcurrency")
_UNSUPPORTED_RESOURCES = (
    "environment",
    "volumeMounts",
    "allowedHosts",
    "allowedIpNameLookups",
    "allowedHostLoopbackPorts",
)
_LIMITS = {limit.name.replace("_", "-"): limit.name for limit in dataclasses.fields(Limits)}
_PROBATION = {step.name: step.name for step in dataclasses.fields(Probation)}
_OURS = ("petiole:schedule", "petiole:limits", "petiole:probation")
_DURATION = re.compile(r"(\d+)(ms|s|m|h)")
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}


@dataclass(frozen=True)
class Build:
    """How to build the component: the cargo crate's folder and its features."""

    crate: Path
    features: tuple[str, ...] = ()


@dataclass(frozen=True)
class Workload:
    """A workload file: `images` are the component files, in the order of the descriptor's components."""

    path: Path
    release: Descriptor
    images: tuple[Path, ...]
    build: Build | None = None

    @property
    def name(self) -> str:
        """The workload's name."""
        return self.release.name

    @property
    def version(self) -> str:
        """The release version for people."""
        return self.release.version

    def descriptor(self) -> Descriptor:
        """What devices get to know of the file."""
        return self.release


def load(path: Path | str) -> Workload:
    """Read a workload file; MalformedError names file, line and what to do."""
    path = Path(path)
    fields = yaml_nodes.load(path).fields(("apiVersion", "kind", "metadata", "spec"))
    for key, expected in (("apiVersion", API_VERSION), ("kind", KIND)):
        if (given := fields[key].text()) != expected:
            fields[key].fail(f"{key} is {given!r}; expected {expected!r}")
    metadata = fields["metadata"].fields(("name", "labels"), ("annotations",))
    name = _name("workload", metadata["name"])
    version = _version(metadata["labels"])
    template = fields["spec"].fields(("template",), unsupported=_UNSUPPORTED_SPEC)["template"].fields(("spec",))
    spec = template["spec"].fields(("components",), ("hostInterfaces",), _UNSUPPORTED_WORKLOAD)
    drafts = [_component(node, path) for node in spec["components"].items()]
    probation = Probation()
    for node in spec["hostInterfaces"].items() if "hostInterfaces" in spec else ():
        probation = _apply(node, drafts, probation)
    try:
        release = Descriptor(name, version, tuple(draft.component() for draft in drafts), probation)
    except MalformedError as error:
        spec["components"].fail(str(error))
    build = _build(metadata["annotations"], path) if "annotations" in metadata else None
    return Workload(path, release, tuple(draft.image for draft in drafts), build)


@dataclass
class _Draft:
    """A component while the host interfaces are gone through."""

    name: str
    image: Path
    config: dict[str, str]
    grants: dict[str, Grant] = field(default_factory=dict)
    limits: Limits | None = None
    trigger: Trigger | None = None

    def component(self) -> Component:
        triggers = (self.trigger,) if self.trigger else ()
        return Component(self.name, self.grants, self.limits or Limits(), self.config, triggers)


def _name(kind: str, node: Node) -> str:
    try:
        return check_name(kind, node.text())
    except MalformedError as error:
        node.fail(str(error))


def _version(labels: Node) -> str:
    values = labels.mapping()
    if VERSION_LABEL not in values:
        labels.fail(f'metadata.labels has no {VERSION_LABEL}: add {{{VERSION_LABEL}: "1.0.0"}}')
    version = values[VERSION_LABEL].text()
    if not 0 < len(version.encode()) <= MAX_VERSION_BYTES:
        values[VERSION_LABEL].fail(f"version {version!r} is not 1 to {MAX_VERSION_BYTES} bytes long")
    return version


def _build(annotations: Node, path: Path) -> Build | None:
    values = annotations.mapping()
    known = (CRATE_ANNOTATION, FEATURES_ANNOTATION)
    for key, node in values.items():
        if key.startswith("petiole") and key not in known:
            node.fail(f"unknown annotation {key}{suggestion(key, known)}")
    if CRATE_ANNOTATION not in values:
        return None
    features = _words(values[FEATURES_ANNOTATION].text()) if FEATURES_ANNOTATION in values else ()
    return Build(path.parent / values[CRATE_ANNOTATION].text(), features)


def _component(node: Node, path: Path) -> _Draft:
    fields = node.fields(("name", "image"), ("localResources",), _UNSUPPORTED_COMPONENT)
    config: dict[str, str] = {}
    if "localResources" in fields:
        resources = fields["localResources"].fields((), ("config",), _UNSUPPORTED_RESOURCES)
        if "config" in resources:
            config = {key: value.text() for key, value in resources["config"].mapping().items()}
    image = fields["image"].text()
    scheme, colon, file = image.partition(":")
    if not colon or scheme != "file":
        fields["image"].fail(f"image {image!r} is not supported yet: build the component and write file:NAME.wasm")
    if not file or file.startswith("//"):
        fields["image"].fail(f"image {image!r} names no file: write file:NAME.wasm, relative to this file")
    return _Draft(_name("component", fields["name"]), path.parent / file, config)


def _apply(node: Node, drafts: list[_Draft], probation: Probation) -> Probation:
    """Give the components what one entry of `hostInterfaces` says; return the workload's probation after it."""
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
        trigger = _trigger(node, names, config)
        for draft in chosen:
            if draft.trigger is not None:
                node.fail(f"component {draft.name} has a schedule already")
            draft.trigger = trigger
    else:
        for interface in _interfaces(fields["interfaces"], package, names, fields.get("version")):
            _grant(node, interface, chosen, _labels(node, interface, config))
    return probation


def _chosen(components: Node | None, drafts: list[_Draft]) -> list[_Draft]:
    if components is None:
        return drafts
    wanted, known = _words(components.text()), {draft.name: draft for draft in drafts}
    for name in wanted:
        if name not in known:
            components.fail(f"there is no component {name!r}{suggestion(name, known)}")
    return [known[name] for name in wanted]


def _trigger(node: Node, names: list[str], config: dict[str, Node]) -> Trigger:
    if names != [interfaces.HANDLER.name] or "every" not in config:
        node.fail("petiole:schedule is written {interfaces: [handler], config: {every: 1s}}")
    _only(config, ("every",))
    match = _DURATION.fullmatch(config["every"].text())
    if not match or not int(match[1]):
        config["every"].fail(f"{config['every'].text()!r} is not a time: write 500ms, 1s, 5m or 1h")
    return Trigger(int(match[1]) * _MILLISECONDS[match[2]])


def _interfaces(node: Node, package: str, names: list[str], version: Node | None) -> "Iterable[interfaces.Interface]":
    offered = {interface.name: interface for interface in interfaces.IMPORTS if interface.package == package}
    if not offered:
        known = sorted({interface.package for interface in interfaces.IMPORTS} | set(_OURS))
        node.fail(f"no host offers the package {package}{suggestion(package, known)}")
    for name in names:
        if name not in offered:
            node.fail(f"no host offers {package}/{name}{suggestion(name, offered)}")
        interface = offered[name]
        if version is not None and version.text() != interface.version:
            version.fail(f"no host offers {package}@{version.text()}; offered is {interface.version}")
        bringer = interfaces.granting(interface.full_name)
        if bringer == interface.full_name:
            yield interface
        elif not bringer.startswith(f"{package}/"):
            node.fail(f"{package}/{name} is not granted by itself: it comes with {bringer}")


def _labels(node: Node, interface: interfaces.Interface, config: dict[str, Node]) -> tuple[str, ...] | None:
    if not interface.labelled:
        _only(config, ())
        return None
    _only(config, ("labels",))
    labels = _words(config["labels"].text()) if "labels" in config else ()
    if not labels:
        node.fail(f"{interface.package} needs the labels it may open: add config: {{labels: NAME}}")
    return labels


def _grant(node: Node, interface: interfaces.Interface, drafts: list[_Draft], labels: tuple[str, ...] | None) -> None:
    for draft in drafts:
        if interface.full_name in draft.grants:
            node.fail(f"component {draft.name} is granted {interface.full_name} already")
        try:
            draft.grants[interface.full_name] = Grant(labels)
        except MalformedError as error:
            node.fail(str(error))


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


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
