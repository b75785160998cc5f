"""All workloads of this host: makes what runs equal to what is desired."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from edge_host.outbox import EVENT, Position
from edge_host.release import claimed
from edge_host.services import Services
from edge_host.state import Release, Role
from edge_host.workload import Workload
from wire.errors import MalformedError
from wire.messages import Desired, DesiredWorkload, ReportedWorkload


class Workloads:
    """Belongs to the event loop's thread."""

    def __init__(self, services: Services) -> None:
        self._services = replace(services, collect=self._collect)
        self._workloads: dict[str, Workload] = {}
        self._one_at_a_time = asyncio.Lock()
        self._fleet: Desired | None = None
        self._local: tuple[DesiredWorkload, ...] | None = None

    @property
    def revision(self) -> int:
        """The fleet's desired state that holds here, 0 before the first."""
        return self._fleet.revision if self._fleet else 0

    @property
    def fleet_names(self) -> set[str]:
        """The workloads that the fleet desires."""
        return {workload.name for workload in self._fleet.workloads} if self._fleet else set()

    async def start(self, local: tuple[DesiredWorkload, ...] | None = None) -> None:
        """Bring every stored workload back, with or without a network.

        `local` is what files of this device desire beside the fleet; None when it was never asked to look for any.
        """
        store = self._services.store
        message = store.desired(self._services.device)
        self._fleet = Desired.decode(message) if message is not None else None
        self._local = local
        running = {release.name: release for release in store.releases(Role.RUNNING)}
        candidates = {release.name: release for release in store.releases(Role.CANDIDATE)}
        for name in sorted(running.keys() | candidates.keys()):
            self._workloads[name] = Workload(name, self._services, running.get(name), candidates.get(name))
        self._collect()
        local_names = self._local_names()
        for workload in self._workloads.values():
            workload.local = workload.name in local_names
            workload.start()
        if self._fleet is not None or self._local is not None:
            await self._apply()

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
            self._fleet = desired
            await self._apply()

    async def desired_here(self, local: tuple[DesiredWorkload, ...]) -> None:
        """Take what files of this device desire, in place of what they desired before."""
        async with self._one_at_a_time:
            self._local = local
            await self._apply()

    def acknowledged(self, stream: str, position: Position) -> None:
        """The fleet has everything of `stream` up to `position`."""
        if stream == EVENT:
            for workload in self._workloads.values():
                workload.acknowledged(position)

    def report(self) -> tuple[ReportedWorkload, ...]:
        """All workloads as `reported` tells them."""
        return tuple(workload.report() for _, workload in sorted(self._workloads.items()))

    def instances(self) -> list[dict[str, Any]]:
        """How many instances the components of each workload have, a row for each (docs/reference/agent.md)."""
        return [
            {"workload": name, "version": version, "component": component, **vars(counts)}
            for name, workload in sorted(self._workloads.items())
            for version, component, counts in workload.instances()
        ]

    async def restart(self, name: str) -> str | None:
        """Start a workload anew; gives what is wrong, or None."""
        async with self._one_at_a_time:
            workload = self._workloads.get(name)
            if workload is None:
                return f"no workload {name!r} on this device; it has {', '.join(sorted(self._workloads)) or 'none'}"
            await workload.restart()
            return None

    def _local_names(self) -> set[str]:
        return {workload.name for workload in self._local or ()} - self.fleet_names

    async def _apply(self) -> None:
        local_names = self._local_names()
        local = [workload for workload in self._local or () if workload.name in local_names]
        desired = [*(self._fleet.workloads if self._fleet else ()), *local]
        wanted = {workload.name for workload in desired}
        for name in [name for name in self._workloads if name not in wanted]:
            await self._workloads.pop(name).remove()
        for offered in desired:
            workload = self._workloads.get(offered.name)
            if workload is None:
                workload = self._workloads[offered.name] = Workload(offered.name, self._services, None, None)
            workload.local = offered.name in local_names
            release = Release(
                *(offered.name, offered.release, offered.envelope, offered.digest, offered.size),
                *claimed(offered.envelope),
            )
            await workload.offer(release)
        self._collect()
        self._services.changed()

    def _collect(self) -> None:
        needed: set[bytes] = set()
        for workload in self._workloads.values():
            needed |= workload.digests
        self._services.artifacts.keep_only(needed | self._services.keep())
