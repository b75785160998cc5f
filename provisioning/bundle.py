"""Bundles: a workload release signed for one class of targets (formats.md section 4)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from provisioning import component, component_compiler, component_symbols, grants, images, sequences
from provisioning.component_symbols import Image
from provisioning.errors import InputError, ProvisioningError
from wire import cose, profiles, suit
from wire.errors import MalformedError, WireError
from wire.manifest import Workload
from wire.suit import Envelope, Manifest

MAX_BOARD_COMPONENTS = 4
"""Boards take so many components of one workload (formats.md section 4)."""


class Target(StrEnum):
    """Kind of host that a bundle is made for."""

    EDGE = "edge"
    BOARD = "board"


@dataclass(frozen=True)
class Bundle:
    """A bundle's bytes, what its manifest says, and what its maker should know."""

    data: bytes
    manifest: Manifest
    notes: tuple[str, ...] = ()


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
    """Make a bundle of a workload file: build its components if the file says how, check their grants, compile, sign.

    `profile` goes before the one of `target`; without a `sequence` number the next one is reserved.
    """
    workload = component.load_workload(manifest_path)
    if target is Target.BOARD and len(workload.images) > MAX_BOARD_COMPONENTS:
        raise InputError(
            f"the workload has {len(workload.images)} components; boards run up to {MAX_BOARD_COMPONENTS}",
            where=str(workload.path),
            next_step="split it, or deploy it to an edge host",
        )
    if target is Target.BOARD:
        _check_for_boards(workload)
        workload = workload.for_boards()
    if build and any(workload.builds):
        component.build(manifest_path)
    files = images.files(workload)
    worlds = [component_compiler.world(file) for file in files]
    workload = grants.complete(workload, worlds, boards=target is Target.BOARD)
    payloads = [file.read_bytes() if target is Target.EDGE else component.compile_for_boards(file) for file in files]
    number = sequences.reserve(workload.name) if sequence is None else sequence
    data = make(workload, profile or profile_of(target), key, number, payloads)
    envelope = Envelope.parse(data)
    names = [part.name for part in workload.release.components]
    component_symbols.keep(envelope.manifest_digest, map(Image, names, files))
    return Bundle(data, envelope.manifest, notes(workload) if target is Target.EDGE else ())


def notes(workload: Workload) -> tuple[str, ...]:
    """What to say of a workload that is made for edge hosts and could run on boards, where it may do something else."""
    if workload.edge_only or not workload.unpooled or len(workload.images) > MAX_BOARD_COMPONENTS:
        return ()
    return (
        f"{', '.join(workload.unpooled)}: edge hosts make a new instance for each call, boards keep one; "
        "write poolSize: 1 where a component keeps anything in memory between calls, else poolSize: 0",
    )


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


def _check_for_boards(workload: Workload) -> None:
    for limit in workload.edge_only:
        raise InputError(
            f"{limit.what} is for edge hosts alone; boards do not have it",
            where=limit.place,
            next_step=f"{limit.instead or 'remove it'}, or deploy the workload to an edge host",
        )
