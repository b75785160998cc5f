"""All workloads of this host: makes what runs equal to what is desired."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from edge_host.outbox import EVENT, Position
from edge_host.release import claimed
from edge_host.services import Services
from edge_host.state import Release, Role
from edge_host.workload import Workload
from wire.errors import MalformedError
from wire.messages import Desired, ReportedWorkload


class Workloads:
    """Belongs to the event loop's thread."""

    def __init__(self, services: Services) -> None:
        self._services = replace(services, collect=self._collect)
        self._workloads: dict[str, Workload] = {}
        self._one_at_a_time = asyncio.Lock()
        self.revision = 0

    async def start(self) -> None:
        """Bring every stored workload back, with or without a network."""
        store = self._services.store
        running = {release.name: release for release in store.releases(Role.RUNNING)}
        candidates = {release.name: release for release in store.releases(Role.CANDIDATE)}
        for name in sorted(running.keys() | candidates.keys()):
            self._workloads[name] = Workload(name, self._services, running.get(name), candidates.get(name))
        self._collect()
        for workload in self._workloads.values():
            workload.start()
        message = store.desired(self._services.device)
        if message is not None:
            await self._apply(Desired.decode(message))

    async def stop(self) -> None:
        """Stop all guests; states stay."""
        await asyncio.gather(*(workload.stop() for workload in self._workloads.values()))

    async def desired(self, message: bytes) -> None:
        """Take a `desired` message; raises `MalformedError`, with nothing changed, when it is none."""
        desired = Desired.decode(message)
        names = [workload.name for workload in desired.workloads]
        if len(set(names)) != len(names):
            raise MalformedError("desired names a workload twice")
        async with self._one_at_a_time:
            self._services.store.set_desired(self._services.device, message)
            await self._apply(desired)

    def acknowledged(self, stream: str, position: Position) -> None:
        """The fleet has everything of `stream` up to `position`."""
        if stream == EVENT:
            for workload in self._workloads.values():
                workload.acknowledged(position)

    def report(self) -> tuple[ReportedWorkload, ...]:
        """All workloads as `reported` tells them."""
        return tuple(workload.report() for _, workload in sorted(self._workloads.items()))

    async def restart(self, name: str) -> str | None:
        """Start a workload anew; gives what is wrong, or None."""
        async with self._one_at_a_time:
            workload = self._workloads.get(name)
            if workload is None:
                return f"no workload {name!r} on this device; it has {', '.join(sorted(self._workloads)) or 'none'}"
            await workload.restart()
            return None

    async def _apply(self, desired: Desired) -> None:
        wanted = {workload.name for workload in desired.workloads}
        for name in [name for name in self._workloads if name not in wanted]:
            await self._workloads.pop(name).remove()
        for offered in desired.workloads:
            workload = self._workloads.get(offered.name)
            if workload is None:
                workload = self._workloads[offered.name] = Workload(offered.name, self._services, None, None)
            release = Release(
                *(offered.name, offered.release, offered.envelope, offered.digest, offered.size),
                *claimed(offered.envelope),
            )
            await workload.offer(release)
        self.revision = desired.revision
        self._collect()
        self._services.changed()

    def _collect(self) -> None:
        needed: set[bytes] = set()
        for workload in self._workloads.values():
            needed |= workload.digests
        self._services.artifacts.keep_only(needed | self._services.keep())
