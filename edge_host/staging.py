"""Brings a candidate from `offered` to `staged`: checks it, fetches its code, compiles it and links it for a try.

Whatever was reached is stored before the next step, so a start after a power cut goes on there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from wasmtime.component import Component as WasmComponent

from edge_host.errors import DownloadError
from edge_host.guest import has_export
from edge_host.release import acceptable, check_component, stored
from edge_host.runner import check_parts
from edge_host.services import Services
from edge_host.state import Release
from wire.errors import RefusedError
from wire.interfaces import PROBE
from wire.messages import State
from wire.probation import ProbationKind
from wire.refusals import Refusal
from wire.suit import Manifest

log = logging.getLogger(__name__)

DOWNLOAD_RETRY_SECONDS = 15.0


class Kept(Protocol):
    """Where the states of a candidate go."""

    def __call__(self, release: Release, *, accept: bool = False) -> None:
        """Store a state; with `accept` also that its sequence number is the highest accepted one."""


async def load(services: Services, release: Release, manifest: Manifest) -> list[WasmComponent]:
    """The components of a release, compiled when needed; raises `CompileError`."""
    return [await services.artifacts.load(services.host.engine, code) for code in stored(release, manifest)]


async def stage(
    services: Services, candidate: Release, keep: Kept, progress: Callable[[int], None], waits: Callable[[str], None]
) -> None:
    """Bring `candidate` to `staged`, from whatever state it has.

    `progress` is told how many bytes of its code are here, `waits` why a download does not go on now. Raises
    `WireError` and `CompileError` for a release that this host does not take.
    """
    manifest = acceptable(candidate, services.anchors, services.store.accepted(candidate.name))
    candidate = replace(candidate, version=manifest.version, sequence=manifest.sequence, reason="")
    intact = await asyncio.to_thread(services.artifacts.is_intact, candidate.digest)
    if candidate.state in (State.OFFERED, State.DOWNLOADING) or not intact:
        candidate = replace(candidate, state=State.DOWNLOADING)
        keep(candidate, accept=True)
        await _download(services, candidate, progress, waits)
        candidate = replace(candidate, state=State.VERIFIED)
        keep(candidate)
    await asyncio.to_thread(_check_codes, services, candidate, manifest)
    for component in manifest.descriptor.components:
        check_component(component, services.host.labels)
    codes = await load(services, candidate, manifest)
    try:
        check_parts(services.host.engine, codes, manifest.descriptor.components)
        _check_probe(services, codes, manifest)
    finally:
        for code in codes:
            code.close()
    if candidate.state is not State.STAGED:
        keep(replace(candidate, state=State.STAGED))


def _check_codes(services: Services, candidate: Release, manifest: Manifest) -> None:
    """Check the code of each component; raises `RefusedError`."""
    manifest.split(services.artifacts.payload(candidate.digest).read_bytes())


def _check_probe(services: Services, codes: Sequence[WasmComponent], manifest: Manifest) -> None:
    if manifest.descriptor.probation.kind is not ProbationKind.EXPORT:
        return
    if not any(has_export(services.host.engine, code, PROBE.full_name) for code in codes):
        raise RefusedError(
            Refusal.INCOMPATIBLE, f"{PROBE.full_name}: no component exports it, which the probation asks for"
        )


async def _download(
    services: Services, candidate: Release, progress: Callable[[int], None], waits: Callable[[str], None]
) -> None:
    while True:
        try:
            await services.downloads.fetch(services.device, candidate.digest, candidate.size, progress)
        except DownloadError as error:
            log.warning("%s: %s; trying again in %.0f s", candidate.name, error, DOWNLOAD_RETRY_SECONDS)
            waits(str(error))
            await asyncio.sleep(DOWNLOAD_RETRY_SECONDS)
        else:
            return
