"""The host itself as a member of the site."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from edge_host import manifests_kept
from edge_host.anchors import Anchors
from edge_host.config import Config
from edge_host.facts import changing_facts, static_facts
from edge_host.messages import FLEET, Bus, Message
from edge_host.outbox import Outbox, Position
from edge_host.services import Services
from edge_host.workloads import Workloads
from wire.messages import Desired, EventKind, Reported, unix_ms

if TYPE_CHECKING:
    from edge_host.manifests import Manifests

log = logging.getLogger(__name__)

MOST_TOLD = 8
"""Components whose instances a report tells of."""
INSTANCES = ("now", "warm", "most", "made")


class LocalMember:
    """See `edge_host.member.Member`."""

    def __init__(self, config: Config, services: Services, outbox: Outbox, bus: Bus, anchors: Anchors) -> None:
        self.journal = services.journal
        self._config = config
        self._outbox = outbox
        self._bus = bus
        self._anchors = anchors
        self._manifests = _manifests(config, services)
        if self._manifests is not None:
            services = replace(services, keep=_union(services.keep, self._manifests))
        self._looking: asyncio.Task[None] | None = None
        self._services = services
        self._workloads = Workloads(services)
        self._facts = static_facts(config.labels)

    async def start(self) -> None:
        """Go on from the stored state."""
        self.journal.event(EventKind.BOOT, message=f"agent {self._facts['agent']}, wasmtime {self._facts['wasmtime']}")
        if self._manifests is None:
            await self._workloads.start(() if manifests_kept.forget(self._config.state) else None)
            return
        await self._workloads.start(self._manifests.stored)
        looking = self._manifests.run(self._workloads.desired_here, lambda: self._workloads.fleet_names)
        self._looking = asyncio.create_task(looking, name="manifests")
        self._looking.add_done_callback(_failed)

    async def stop(self) -> None:
        """Stop all guests; states stay."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        await self._workloads.stop()

    def manifests(self) -> dict[str, object] | None:
        """What files of this device desire, for the agent's status; None when it looks at none."""
        return self._manifests.status() if self._manifests is not None else None

    def instances(self) -> list[dict[str, Any]]:
        """How many instances components have, for the agent's status; see `Workloads.instances`."""
        return self._workloads.instances()

    async def desired(self, message: bytes) -> None:
        """Take a `desired` message; raises `WireError` when it is none."""
        self._anchors.rotate(Desired.decode(message).anchors)
        await self._workloads.desired(message)

    def acknowledged(self, stream: str, position: Position) -> None:
        """The fleet has everything of `stream` up to `position`."""
        self._workloads.acknowledged(stream, position)

    def reported(self) -> Reported:
        """What this host tells the fleet now."""
        facts = {**self._facts, **changing_facts(self._config.state), "anchors": list(self._anchors)}
        if runs := self._services.store.schedules.last_runs():
            facts["runs"] = runs
        if instances := self._most_instances():
            facts["instances"] = instances
        depth = self._outbox.depth(self._config.device)
        return Reported(unix_ms(), self._workloads.revision, self._workloads.report(), facts, depth)

    def _most_instances(self) -> dict[str, dict[str, int]]:
        """Instances by workload, component and version, those of which most were made alone: for reports."""
        rows = sorted(self._workloads.instances(), key=lambda row: -row["made"])[:MOST_TOLD]
        return {
            f"{row['workload']}/{row['component']} {row['version']}": {name: row[name] for name in INSTANCES}
            for row in rows
        }

    async def restart(self, workload: str) -> str | None:
        """Start a workload anew; gives what is wrong, or None."""
        return await self._workloads.restart(workload)

    def message(self, message: Message) -> None:
        """Take a message of the fleet for the guests of this host."""
        self._bus.publish(message, origin=FLEET)

    async def ping(self) -> tuple[dict[str, Any], str | None]:
        """A host that runs answers."""
        return {"time": unix_ms()}, None


def _manifests(config: Config, services: Services) -> Manifests | None:
    if config.manifests is None:
        return None
    from edge_host.manifests import Manifests  # noqa: PLC0415 - most hosts look at no folder

    return Manifests(config.manifests, config.state, services, config.signing_key)


def _union(keep: Callable[[], set[bytes]], manifests: Manifests) -> Callable[[], set[bytes]]:
    return lambda: keep() | manifests.digests


def _failed(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("the manifests are not looked at any more", exc_info=error)
