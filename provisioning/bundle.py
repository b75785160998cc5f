"""Bundles: a workload release signed for one class of targets (formats.md section 4)."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from provisioning import component, component_compiler
from provisioning.errors import InputError, ProvisioningError
from wire import cose, profiles, suit
from wire.errors import MalformedError, WireError
from wire.manifest import Workload
from wire.suit import Envelope, Manifest


class Target(StrEnum):
    """Kind of host that a bundle is made for."""

    EDGE = "edge"
    BOARD = "board"


@dataclass(frozen=True)
class Bundle:
    """A bundle's bytes, and what its manifest says."""

    data: bytes
    manifest: Manifest


def profile_of(target: Target) -> str:
    """The profile of edge hosts, or of boards with this checkout's firmware."""
    return profiles.EDGE_PROFILE if target is Target.EDGE else component_compiler.board_profile()


def make(workload: Workload, target_profile: str, key: bytes, sequence: int, payloads: Sequence[bytes]) -> bytes:
    """A bundle of `payloads`, one for each component, for hosts of `target_profile`; `key` is an Ed25519 seed.

    Raises InputError when the workload does not fit into an envelope.
    """
    try:
        return suit.build(workload.descriptor(), sequence, target_profile, payloads, key)
    except MalformedError as error:
        raise InputError(str(error), where=str(workload.path)) from error


def make_from_file(
    manifest_path: Path,
    key: bytes,
    target: Target,
    *,
    profile: str | None = None,
    sequence: int | None = None,
    build: bool = True,
) -> Bundle:
    """Make a bundle of a workload file: build its component if the file says how, check its grants, compile, sign.

    `profile` goes before the one of `target`; `sequence` is the Unix time in seconds when left out.
    """
    workload = component.load_workload(manifest_path)
    if target is Target.BOARD and len(workload.images) > 1:
        raise InputError(
            f"the workload has {len(workload.images)} components; boards run one",
            where=str(workload.path),
            next_step="split it, or deploy it to an edge host",
        )
    if build and workload.build is not None:
        component.build(manifest_path)
    payloads = [_payload(workload, index, target) for index in range(len(workload.images))]
    number = int(time.time()) if sequence is None else sequence
    data = make(workload, profile or profile_of(target), key, number, payloads)
    return Bundle(data, Envelope.parse(data).manifest)


def parse(data: bytes, where: str) -> Envelope:
    """A bundle taken apart and not verified. Raises InputError when it is none."""
    try:
        envelope = Envelope.parse(data)
        _ = envelope.manifest
    except WireError as error:
        raise InputError(f"this is not a bundle: {error}", where=where) from error
    return envelope


def verify(data: bytes, public_keys: Iterable[bytes], where: str) -> Manifest:
    """What a bundle says, once signature and payloads are found good. Raises ProvisioningError with the refusal."""
    try:
        envelope = Envelope.parse(data)
        manifest = envelope.verify(cose.anchors(public_keys))
        for code in manifest.codes:
            if code.uri in envelope.payloads:
                code.check(envelope.payloads[code.uri])
    except MalformedError as error:
        raise ProvisioningError(f"malformed: {error}", where=where) from error
    except WireError as error:
        raise ProvisioningError(str(error), where=where) from error
    return manifest


def _payload(workload: Workload, index: int, target: Target) -> bytes:
    image = workload.images[index]
    if not image.is_file():
        raise InputError(
            f"component file {image.name} is not there",
            where=str(workload.path),
            next_step=f"build it with: petiole component build {workload.path}",
        )
    component.check_grants(workload, index, component_compiler.world(image))
    return image.read_bytes() if target is Target.EDGE else component.compile_for_boards(image)
