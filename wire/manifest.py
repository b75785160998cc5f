"""Workload files: wasmCloud's `WorkloadDeployment` (runtime.wasmcloud.dev/v1alpha1) as YAML.

`spec.template.spec` has `components`, each with name and image, a `service` if the workload has one that runs all the
time, and `hostInterfaces`, which say what these are granted and when they are called (`wire.host_interfaces`); nothing
is granted by default. Annotations say how to build: `petiole.build/crate` (a folder, relative to the file) and
`petiole.build/features` (comma separated), or for C `petiole.build/c` (a folder of sources); of several components
each has its own, `petiole.build/crate.NAME`. Where images come from says `wire.images`, what `localResources` may hold
`wire.local_resources`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from wire import digests, images, yaml_nodes
from wire.descriptor import MAX_VERSION_BYTES, Descriptor, Probation
from wire.draft import Draft, EdgeOnly
from wire.errors import MalformedError
from wire.host_interfaces import apply
from wire.images import Image
from wire.local_resources import INSTANCES, take_instances, take_resources, volumes
from wire.names import check_name
from wire.triggers import Service
from wire.yaml_nodes import Node, suggestion, words

API_VERSION = "runtime.wasmcloud.dev/v1alpha1"
KIND = "WorkloadDeployment"
VERSION_LABEL = "app.kubernetes.io/version"
CRATE_ANNOTATION = "petiole.build/crate"
FEATURES_ANNOTATION = "petiole.build/features"
C_ANNOTATION = "petiole.build/c"
DIGEST_ANNOTATION = "petiole.build/digest"
SERVICE_NAME = "service"
"""What the component is called that a workload's `service` field describes, which has no name there."""

_FLEET = "which devices run a workload is said to the fleet, with petiole deploy; remove it"
_UNSUPPORTED_SPEC = {
    "replicas": "it runs once on each device; remove it",
    "deployPolicy": "a new release is always tried beside the old one; remove it",
    "artifacts": "write image at each component",
    "kubernetes": "there is none; remove it",
}
_UNSUPPORTED_WORKLOAD = {
    "hostSelector": _FLEET,
    "hostId": _FLEET,
    "environment": f"{_FLEET}; environment variables stand in localResources",
    "kubernetes": "there is none; remove it",
}
_UNSUPPORTED_IMAGE = {
    "imagePullSecret": "logins for registries are those of docker login; remove it",
    "imagePullPolicy": "an image with a digest is fetched once, one without each time; remove it",
}
_UNSUPPORTED_COMPONENT = _UNSUPPORTED_IMAGE | {
    "reclaimWindowSeconds": "idle instances are dropped by the host; remove it",
    "reclaimMinInstances": "poolSize instances are kept; remove it",
}
_UNSUPPORTED_SERVICE = _UNSUPPORTED_IMAGE | {
    "maxRestarts": "a service that stops is started again after growing pauses; remove it"
}


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
    """A workload file: `images` are the components, in the order of the descriptor, as files or where else they lie.

    `builds` say how to make each file, None where somebody else does. `edge_only` is what keeps it from boards;
    `unpooled` are the components that are called and do not say whether an instance is kept between calls.
    """

    path: Path
    release: Descriptor
    images: tuple[Image, ...]
    builds: tuple[Build | BuildC | None, ...]
    edge_only: tuple[EdgeOnly, ...] = ()
    unpooled: tuple[str, ...] = ()

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

    def for_boards(self) -> "Workload":
        """The workload as boards take it, for which nothing may be `edge_only`: that one instance is kept is unsaid."""
        parts = tuple(replace(part, edge=None) for part in self.release.components)
        return replace(self, release=replace(self.release, components=parts))


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
    spec = template["spec"].fields((), ("components", "service", "hostInterfaces", "volumes"), _UNSUPPORTED_WORKLOAD)
    annotations = metadata["annotations"].mapping() if "annotations" in metadata else {}
    ends = _ends(spec)
    drafts = _drafts(template["spec"], spec, path, _digests(annotations, ends))
    probation = Probation()
    for node in spec["hostInterfaces"].items() if "hostInterfaces" in spec else ():
        probation = apply(node, drafts, probation)
    try:
        release = Descriptor(name, version, tuple(draft.component() for draft in drafts), probation)
    except MalformedError as error:
        template["spec"].fail(str(error))
    builds = _builds(annotations, ends, [draft.image for draft in drafts], path)
    edge_only = tuple(limit for draft in drafts for limit in draft.edge_only)
    unpooled = tuple(draft.name for draft in drafts if not draft.says_pool and draft.name != SERVICE_NAME)
    return Workload(path, release, tuple(draft.image for draft in drafts), builds, edge_only, unpooled)


def _ends(spec: dict[str, Node]) -> list[str]:
    """How the annotations of each component end."""
    nodes = spec["components"].items() if "components" in spec else []
    names = [node.mapping()["name"].text() if "name" in node.mapping() else "" for node in nodes]
    names += [SERVICE_NAME] if "service" in spec else []
    return [""] if len(names) == 1 else [f".{name}" for name in names]


def _drafts(node: Node, spec: dict[str, Node], path: Path, known: Mapping[str, bytes]) -> list[Draft]:
    folders = volumes(spec.get("volumes"))
    drafts: list[Draft] = []
    nodes = spec["components"].items() if "components" in spec else []
    for item in nodes:
        fields = item.fields(("name", "image"), ("localResources", *INSTANCES), _UNSUPPORTED_COMPONENT)
        drafts.append(_draft(_name("component", fields["name"]), fields, path, folders, known))
    if "service" in spec:
        fields = spec["service"].fields(("image",), ("localResources",), _UNSUPPORTED_SERVICE)
        drafts.append(_draft(SERVICE_NAME, fields, path, folders, known))
        drafts[-1].triggers.append(Service())
    if not drafts:
        node.fail("spec.template.spec has neither components nor a service")
    return drafts


def _draft(name: str, fields: dict[str, Node], path: Path, folders: set[str], known: Mapping[str, bytes]) -> Draft:
    digest = known.get(f".{name}", known.get(""))
    image = fields["image"].checked(lambda text: images.parse(text, path.parent, digest), fields["image"].text())
    draft = Draft(name, image)
    if "localResources" in fields:
        take_resources(draft, fields["localResources"], folders)
    take_instances(draft, fields)
    return draft


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


def _digests(annotations: dict[str, Node], ends: list[str]) -> dict[str, bytes]:
    """What annotations say of images on web servers."""
    keys = {end: DIGEST_ANNOTATION + end for end in ends}
    return {
        end: annotations[key].checked(digests.parse, annotations[key].text())
        for end, key in keys.items()
        if key in annotations
    }


def _builds(
    annotations: dict[str, Node], ends: list[str], parts: list[Image], path: Path
) -> tuple[Build | BuildC | None, ...]:
    kinds = (CRATE_ANNOTATION, FEATURES_ANNOTATION, C_ANNOTATION, DIGEST_ANNOTATION)
    every = [kind + end for end in ends for kind in kinds]
    for key, node in annotations.items():
        if key.startswith("petiole") and key not in every:
            node.fail(f"unknown annotation {key}{suggestion(key, every)}")
    return tuple(_build(annotations, end, image, path) for end, image in zip(ends, parts, strict=True))


def _build(values: dict[str, Node], end: str, image: Image, path: Path) -> Build | BuildC | None:
    crate, features, sources = CRATE_ANNOTATION + end, FEATURES_ANNOTATION + end, C_ANNOTATION + end
    for key in (crate, sources):
        if key in values and not isinstance(image, Path):
            values[key].fail(f"{image} is fetched, not built: write image: file:NAME.wasm, or remove {key}")
    if sources in values:
        if crate in values:
            values[crate].fail(f"a component has {crate} or {sources}, not both")
        return BuildC(path.parent / values[sources].text())
    if crate not in values:
        return None
    return Build(path.parent / values[crate].text(), words(values[features].text()) if features in values else ())
