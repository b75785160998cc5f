"""Whether this host takes a release: signature, class, sequence number, and what a descriptor asks of this host.

Everything raises `wire.errors.WireError`; a `RefusedError` carries the refusal's name (formats, section 8).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from edge_host.artifacts import Stored
from edge_host.labels import Labels
from edge_host.schedule import next_time
from edge_host.state import Accepted, Release
from wire import interfaces, suit
from wire.descriptor import Component, Descriptor, Grant
from wire.errors import MalformedError, RefusedError, WireError
from wire.profiles import EDGE_PROFILE, class_id
from wire.refusals import Refusal
from wire.suit import Envelope, Manifest
from wire.suit.manifest import CODE_ALIGNMENT
from wire.triggers import Calendar, InputEdge, Service


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
    alone = len(manifest.codes) == 1
    if manifest.size != release.size or (alone and manifest.codes[0].digest != release.digest):
        raise RefusedError(Refusal.DIGEST_MISMATCH, "the desired payload is not the one of the manifest")
    return manifest


def stored(release: Release, manifest: Manifest) -> tuple[Stored, ...]:
    """Where the components of a release lie, in the order of its descriptor."""
    found, at = [], 0
    for code in manifest.codes:
        at += -at % CODE_ALIGNMENT
        found.append(Stored(code.digest, release.digest, at, code.size))
        at += code.size
    return tuple(found)


def digests(release: Release) -> set[bytes]:
    """The digests under which files of a release are kept: of its payload and of its components."""
    try:
        codes = Envelope.parse(release.envelope).manifest.codes
    except WireError:
        codes = ()
    return {release.digest, *(code.digest for code in codes)}


def acceptable(release: Release, anchors: Mapping[bytes, bytes], accepted: Accepted | None) -> Manifest:
    """The manifest of a release that may be installed on this host now."""
    manifest = authentic(release, anchors)
    last = (accepted.sequence, accepted.release) if accepted else (0, None)
    suit.check(manifest, class_id(EDGE_PROFILE), *last)
    return manifest


def stands_beside(running: Release, candidate: Descriptor, anchors: Mapping[bytes, bytes]) -> bool:
    """Whether the release that runs may stay loaded while `candidate` is on probation.

    Not with a service, which would work on, and not where both open a label that only one can have open.
    """
    try:
        before = authentic(running, anchors).descriptor
    except WireError:
        return False
    calls = [trigger for component in before.components for trigger in component.triggers]
    return not any(isinstance(trigger, Service) for trigger in calls) and not _exclusive(before) & _exclusive(candidate)


def _exclusive(descriptor: Descriptor) -> set[str]:
    grants = [component.grants.get(interfaces.SERIAL.full_name) for component in descriptor.components]
    return {label for grant in grants if grant is not None for label in grant.labels or ()}


def check_component(component: Component, labels: Labels) -> None:
    """Refuse grants of labels, and triggers, that this host does not offer."""
    if len(component.triggers) > 1 and any(isinstance(trigger, Service) for trigger in component.triggers):
        raise RefusedError(
            Refusal.UNSUPPORTED, f"component {component.name} is a service, which can have no other trigger"
        )
    for trigger in component.triggers:
        if isinstance(trigger, Calendar):
            _check_calendar(trigger)
    finders = {
        interfaces.I2C: labels.bus,
        interfaces.SPI: labels.spi,
        interfaces.GPIO: labels.pin,
        interfaces.GPIO_ASYNC: labels.pin,
        interfaces.PWM: labels.pwm,
        interfaces.SERIAL: labels.serial,
        interfaces.PREOPENS: labels.folder,
        interfaces.MESSAGING: labels.carrier,
    }
    named = (interfaces.PREOPENS, interfaces.MESSAGING)
    wanted = [
        (interface, label)
        for interface in finders
        if interface not in named
        for label in (component.grants.get(interface.full_name, Grant()).labels or ())
    ]
    wanted += [(interfaces.GPIO, trigger.label) for trigger in component.triggers if isinstance(trigger, InputEdge)]
    if component.edge is not None:
        wanted += [(interfaces.PREOPENS, mount.label) for mount in component.edge.mounts]
        wanted += [(interfaces.MESSAGING, label) for label in component.edge.bindings]
    for interface, label in wanted:
        if finders[interface](label) is None:
            raise RefusedError(
                Refusal.NO_SUCH_LABEL,
                f"{label}: no {interface.full_name} under that label here; add [labels.{label}] to the configuration",
            )


def _check_calendar(trigger: Calendar) -> None:
    try:
        next_time(trigger, datetime.now(UTC))
    except ValueError as error:
        raise RefusedError(Refusal.INCOMPATIBLE, f"{trigger}: {error}") from None
