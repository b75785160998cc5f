"""Manifests of what lies in registries: WebAssembly components as `wkg` and `wash` push them, and bundles.

A component (CNCF "Wasm OCI Artifact"): config `application/vnd.wasm.config.v0+json`, one layer `application/wasm`; the
older layer type of wasm-to-oci is read too. A bundle: artifact type and layer `application/vnd.petiole.bundle.v1`,
empty config (OCI image specification 1.1, "guidance for artifacts").
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wire import digests
from wire.errors import MalformedError, SourceError

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
MAX_MANIFEST = 1024 * 1024

_EMPTY_CONFIG = (b"{}", "application/vnd.oci.empty.v1+json")
_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")


@dataclass(frozen=True)
class Kind:
    """A kind of content: what it is called, the type of the layer that is written, and the types that are read."""

    name: str
    layer_type: str
    read: tuple[str, ...]


COMPONENT = Kind(
    "component", "application/wasm", ("application/wasm", "application/vnd.module.wasm.content.layer.v1+wasm")
)
BUNDLE = Kind("bundle", "application/vnd.petiole.bundle.v1", ("application/vnd.petiole.bundle.v1",))


@dataclass(frozen=True)
class Layer:
    """A blob: SHA-256 and size in bytes."""

    digest: bytes
    size: int


@dataclass(frozen=True)
class Artifact:
    """Blobs and manifest of one artifact, to be pushed."""

    content: bytes
    config: bytes
    manifest: bytes

    @property
    def digest(self) -> bytes:
        """What the artifact is named by: SHA-256 of its manifest."""
        return hashlib.sha256(self.manifest).digest()

    @classmethod
    def bundle(cls, content: bytes, annotations: Mapping[str, str]) -> "Artifact":
        """The artifact of a bundle."""
        config, config_type = _EMPTY_CONFIG
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "artifactType": BUNDLE.layer_type,
            "config": _described(config, config_type),
            "layers": [_described(content, BUNDLE.layer_type)],
            "annotations": dict(annotations),
        }
        return cls(content, config, json.dumps(manifest, separators=(",", ":")).encode())


def layer(manifest: bytes, kind: Kind) -> Layer:
    """The one layer of a manifest; SourceError when it is of another kind, MalformedError when it is no manifest."""
    try:
        fields = json.loads(manifest)
    except (ValueError, RecursionError):
        raise MalformedError("the registry's manifest is not JSON") from None
    if not isinstance(fields, dict):
        raise MalformedError("the registry's manifest is not a map")
    if fields.get("mediaType") in _INDEXES or "manifests" in fields:
        raise SourceError("it is an index of several images: name one by its digest")
    layers = fields.get("layers")
    if not isinstance(layers, list) or not all(isinstance(one, dict) for one in layers):
        raise MalformedError("the registry's manifest has no list of layers")
    types = [str(one.get("mediaType")) for one in layers]
    if len(types) != 1 or types[0] not in kind.read:
        raise SourceError(f"it holds {', '.join(types) or 'nothing'}, not one {kind.name} ({kind.layer_type})")
    size = layers[0].get("size")
    if type(size) is not int or size < 0:
        raise MalformedError("the layer in the registry's manifest has no size")
    return Layer(digests.parse(str(layers[0].get("digest"))), size)


def _described(content: bytes, media_type: str) -> dict[str, Any]:
    return {
        "mediaType": media_type,
        "digest": digests.show(hashlib.sha256(content).digest()),
        "size": len(content),
    }
