"""Workload files: wasmCloud's `WorkloadDeployment` (runtime.wasmcloud.dev/v1alpha1) as YAML.

`spec.template.spec` has `components`, each with name and image, a `service` if the workload has one that runs all the
time, and `hostInterfaces`, which say what these are granted and when they are called (`wire.host_interfaces`); nothing
is granted by default. Annotations say how to build: `petiole.build/crate` (a folder, relative to the file) and
`petiole.build/features` (comma separated), or for C `petiole.build/c` (a folder of sources); of several components
each has its own, `petiole.build/crate.NAME`.
"""

from dataclasses import dataclass
from pathlib import Path

from wire import yaml_nodes
from wire.descriptor import MAX_VERSION_BYTES, Descriptor, Probation
from wire.errors import MalformedError
from wire.host_interfaces import Draft, apply, words
from wire.names import check_name
from wire.triggers import Service
from wire.yaml_nodes import Node, suggestion

API_VERSION = "runtime.wasmcloud.dev/v1alpha1"
KIND = "WorkloadDeployment"
VERSION_LABEL = "app.kubernetes.io/version"
CRATE_ANNOTATION = "petiole.build/crate"
FEATURES_ANNOTATION = "petiole.build/features"
C_ANNOTATION = "petiole.build/c"
SERVICE_NAME = "service"
"""What the component is called that a workload's `service` field describes, which has no name there."""

_UNSUPPORTED_SPEC = ("replicas", "deployPolicy", "artifacts", "kubernetes")
_UNSUPPORTED_WORKLOAD = ("hostSelector", "hostId", "environment", "volumes", "kubernetes")
_UNSUPPORTED_COMPONENT = ("imagePullSecret", "imagePullPolicy", "poolSize", "maxInvocations", "maxConcurrency")
_UNSUPPORTED_SERVICE = ("imagePullSecret", "imagePullPolicy", "maxRestarts")
_UNSUPPORTED_RESOURCES = (
    "environment",
    "volumeMounts",
    "allowedHosts",
    "allowedIpNameLookups",
    "allowedHostLoopbackPorts",
)


@dataclass(frozen=True)
class Build:
    """How to build a component: the cargo crate's folder and its features."""

    crate: Path
    features: tuple[str, ...] = ()


@dataclass(frozen=True)
class BuildC:
    """How to build a component from C: the folder of its sources."""

    folder: Path


@dataclass(frozen=True)
class Workload:
    """A workload file: `images` are the component files, in the order of the descriptor's components.

    `builds` say how to make each of them, None where somebody else does.
    """

    path: Path
    release: Descriptor
    images: tuple[Path, ...]
    builds: tuple[Build | BuildC | None, ...]

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
    spec = template["spec"].fields((), ("components", "service", "hostInterfaces"), _UNSUPPORTED_WORKLOAD)
    drafts = _drafts(template["spec"], spec, path)
    probation = Probation()
    for node in spec["hostInterfaces"].items() if "hostInterfaces" in spec else ():
        probation = apply(node, drafts, probation)
    try:
        release = Descriptor(name, version, tuple(draft.component() for draft in drafts), probation)
    except MalformedError as error:
        template["spec"].fail(str(error))
    builds = _builds(metadata.get("annotations"), [draft.name for draft in drafts], path)
    return Workload(path, release, tuple(draft.image for draft in drafts), builds)


def _drafts(node: Node, spec: dict[str, Node], path: Path) -> list[Draft]:
    drafts = [_component(item, path) for item in spec["components"].items()] if "components" in spec else []
    if "service" in spec:
        fields = spec["service"].fields(("image",), ("localResources",), _UNSUPPORTED_SERVICE)
        drafts.append(_draft(SERVICE_NAME, fields, path))
        drafts[-1].triggers.append(Service())
    if not drafts:
        node.fail("spec.template.spec has neither components nor a service")
    return drafts


def _component(node: Node, path: Path) -> Draft:
    fields = node.fields(("name", "image"), ("localResources",), _UNSUPPORTED_COMPONENT)
    return _draft(_name("component", fields["name"]), fields, path)


def _draft(name: str, fields: dict[str, Node], path: Path) -> Draft:
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
    return Draft(name, path.parent / file, config)


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


def _builds(annotations: Node | None, names: list[str], path: Path) -> tuple[Build | BuildC | None, ...]:
    values = annotations.mapping() if annotations else {}
    ends = [""] if len(names) == 1 else [f".{name}" for name in names]
    every = [kind + end for end in ends for kind in (CRATE_ANNOTATION, FEATURES_ANNOTATION, C_ANNOTATION)]
    for key, node in values.items():
        if key.startswith("petiole") and key not in every:
            node.fail(f"unknown annotation {key}{suggestion(key, every)}")
    return tuple(_build(values, end, path) for end in ends)


def _build(values: dict[str, Node], end: str, path: Path) -> Build | BuildC | None:
    crate, features, sources = CRATE_ANNOTATION + end, FEATURES_ANNOTATION + end, C_ANNOTATION + end
    if sources in values:
        if crate in values:
            values[crate].fail(f"a component has {crate} or {sources}, not both")
        return BuildC(path.parent / values[sources].text())
    if crate not in values:
        return None
    return Build(path.parent / values[crate].text(), words(values[features].text()) if features in values else ())
