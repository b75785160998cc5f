"""Whether this host takes a release: signature, class, sequence number, and what a descriptor asks of this host.

Everything raises `wire.errors.WireError`; a `RefusedError` carries the refusal's name (formats, section 8).
"""

from __future__ import annotations

from collections.abc import Mapping

from edge_host.labels import Labels
from edge_host.state import Accepted, Release
from wire import interfaces, suit
from wire.descriptor import Component
from wire.errors import MalformedError, RefusedError, WireError
from wire.profiles import EDGE_PROFILE, class_id
from wire.refusals import Refusal
from wire.suit import Envelope, Manifest


def claimed(envelope: bytes) -> tuple[str, int]:
    """Version and sequence number that an envelope claims, to show them; empty and 0 when it cannot be read."""
    try:
        manifest = Envelope.parse(envelope).manifest
    except WireError:
        return "", 0
    return manifest.version, manifest.sequence


def authentic(release: Release, anchors: Mapping[bytes, bytes]) -> Manifest:
    """The manifest of a release, after its signature and its digests were checked."""
    envelope = Envelope.parse(release.envelope)
    manifest = envelope.verify(anchors)
    if manifest.digest != release.release:
        raise RefusedError(Refusal.DIGEST_MISMATCH, "the envelope is not that of the release that is desired")
    if manifest.name != release.name:
        raise MalformedError(f"the envelope is of workload {manifest.name!r}, not {release.name!r}")
    if len(manifest.codes) != 1:
        raise RefusedError(Refusal.UNSUPPORTED, f"{len(manifest.codes)} components; a workload has one for now")
    if (manifest.codes[0].digest, manifest.codes[0].size) != (release.digest, release.size):
        raise RefusedError(Refusal.DIGEST_MISMATCH, "the desired payload is not the one of the manifest")
    return manifest


def acceptable(release: Release, anchors: Mapping[bytes, bytes], accepted: Accepted | None) -> Manifest:
    """The manifest of a release that may be installed on this host now."""
    manifest = authentic(release, anchors)
    last = (accepted.sequence, accepted.release) if accepted else (0, None)
    suit.check(manifest, class_id(EDGE_PROFILE), *last)
    return manifest


def check_labels(component: Component, labels: Labels) -> None:
    """Refuse grants of labels that this host does not offer."""
    finders = {interfaces.I2C.full_name: labels.bus, interfaces.GPIO.full_name: labels.pin}
    for interface, grant in component.grants.items():
        find = finders.get(interface)
        for label in grant.labels or ():
            if find is None or find(label) is None:
                raise RefusedError(
                    Refusal.NO_SUCH_LABEL,
                    f"{label}: no {interface} under that label here; add [labels.{label}] to the configuration",
                )
