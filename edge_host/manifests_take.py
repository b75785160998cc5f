"""Takes a bundle that a file stands for: unpacked by a child process, accepted by its signature, its code stored."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from edge_host.artifacts import file_digest
from edge_host.release import acceptable, digests
from edge_host.services import Services
from edge_host.sources.child import unpacked
from edge_host.sources.source import Source
from edge_host.state import Release
from wire.errors import RefusedError
from wire.messages import DesiredWorkload
from wire.refusals import Refusal
from wire.suit import Envelope


@dataclass(frozen=True)
class Taken:
    """A release that this host may install, and the file in which its code lies."""

    release: Release
    code: Path

    @property
    def workload(self) -> DesiredWorkload:
        """As a desired state has it."""
        release = self.release
        return DesiredWorkload(release.name, release.release, release.envelope, release.digest, release.size)


@contextlib.asynccontextmanager
async def taken(source: Source, code: Path, services: Services) -> AsyncIterator[Taken]:
    """The release of a bundle while its code lies in the file `code`, from which `store` may take it.

    Raises SourceError when the bundle is not to be had now, MalformedError or RefusedError when this host does not
    take it.
    """
    try:
        envelope = await unpacked(source, code)
        release = await asyncio.to_thread(_release, envelope, code)
        acceptable(release, services.anchors, services.store.accepted(release.name))
        yield Taken(release, code)
    finally:
        await asyncio.to_thread(code.unlink, missing_ok=True)


async def store(one: Taken, services: Services) -> None:
    """Put the code of a release into the store; raises RefusedError when it is another one by now."""
    artifacts, digest = services.artifacts, one.release.digest
    if artifacts.has_payload(digest):
        return
    one.code.replace(artifacts.partial(digest))
    if not await asyncio.to_thread(artifacts.finish, digest):
        raise RefusedError(Refusal.DIGEST_MISMATCH, "the code changed while it was stored")


def kept_digests(workload: DesiredWorkload) -> set[bytes]:
    """The digests under which files of a workload are kept."""
    return digests(Release(workload.name, workload.release, workload.envelope, workload.digest, workload.size))


def _release(envelope: bytes, code: Path) -> Release:
    parsed = Envelope.parse(envelope)
    return Release(parsed.manifest.name, parsed.manifest_digest, envelope, file_digest(code), code.stat().st_size)
