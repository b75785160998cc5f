"""Takes a bundle that a file stands for: unpacked by a child process, accepted by its signature, its code stored."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
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


class Taker:
    """Belongs to the event loop's thread; `taking` are digests of what is on its way to the store."""

    def __init__(self, work: Path, services: Services) -> None:
        self._work = work
        self._services = services
        self.taking: set[bytes] = set()

    async def take(self, source: Source, taken_names: Collection[str]) -> DesiredWorkload:
        """The workload of a bundle, whose code is in the store then.

        Raises SourceError when the bundle is not to be had now, MalformedError or RefusedError when this host does not
        take it; nothing has changed then.
        """
        code = self._work / "code"
        try:
            envelope = await unpacked(source, code)
            release = await asyncio.to_thread(_release, envelope, code)
            manifest = acceptable(release, self._services.anchors, self._services.store.accepted(release.name))
            if manifest.name in taken_names:
                raise RefusedError(Refusal.BUSY, f"another file stands for workload {manifest.name} already")
            self.taking = digests(release)
            artifacts = self._services.artifacts
            if not artifacts.has_payload(release.digest):
                code.replace(artifacts.partial(release.digest))
                if not await asyncio.to_thread(artifacts.finish, release.digest):
                    raise RefusedError(Refusal.DIGEST_MISMATCH, "the code changed while it was stored")
        finally:
            code.unlink(missing_ok=True)
        return DesiredWorkload(release.name, release.release, release.envelope, release.digest, release.size)


def kept_digests(workload: DesiredWorkload) -> set[bytes]:
    """The digests under which files of a workload are kept."""
    return digests(Release(workload.name, workload.release, workload.envelope, workload.digest, workload.size))


def _release(envelope: bytes, code: Path) -> Release:
    parsed = Envelope.parse(envelope)
    return Release(parsed.manifest.name, parsed.manifest_digest, envelope, file_digest(code), code.stat().st_size)
