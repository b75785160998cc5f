"""Bundles in registries: pushed and pulled as artifacts of their own kind (`wire.oci.artifact`)."""

from dataclasses import replace

from provisioning import bundle, web
from provisioning.errors import InputError, ProvisioningError
from wire.errors import MalformedError, SourceError
from wire.oci import BUNDLE, Artifact, Pulled, Reference

_TITLE = "org.opencontainers.image.title"
_VERSION = "org.opencontainers.image.version"


def reference(text: str) -> Reference:
    """The place in a registry written as `text`. Raises InputError."""
    try:
        return Reference.parse(text)
    except MalformedError as error:
        raise InputError(str(error)) from error


def push(data: bytes, where: str, place: Reference) -> Reference:
    """Put a bundle there; gives the reference with the digest that pins it. Raises InputError when it is no bundle."""
    manifest = bundle.parse(data, where).manifest
    if place.digest is not None or place.tag is None:
        raise InputError(f"{place} is not a place to push to", next_step="write oci://REGISTRY/REPOSITORY:TAG")
    artifact = Artifact.bundle(data, {_TITLE: f"{manifest.name}.suit", _VERSION: manifest.version})
    try:
        web.registry().push(place, artifact)
    except SourceError as error:
        raise ProvisioningError(str(error)) from error
    return replace(place, digest=artifact.digest)


def pull(place: Reference) -> Pulled:
    """The bundle that lies there, whose signature is not checked yet. Raises ProvisioningError."""
    try:
        pulled = web.registry().pull(place, BUNDLE)
    except (SourceError, MalformedError) as error:
        raise ProvisioningError(str(error)) from error
    bundle.parse(pulled.content, str(place))
    return pulled
