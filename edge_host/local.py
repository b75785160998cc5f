"""The host itself as a member of the site."""

from __future__ import annotations

from typing import Any

from edge_host.anchors import Anchors
from edge_host.config import Config
from edge_host.facts import changing_facts, static_facts
from edge_host.messages import FLEET, Bus, Message
from edge_host.outbox import Outbox, Position
from edge_host.services import Services
from edge_host.workloads import Workloads
from wire.messages import Desired, EventKind, Reported, unix_ms


class LocalMember:
    """See `edge_host.member.Member`."""

    def __init__(self, config: Config, services: Services, outbox: Outbox, bus: Bus, anchors: Anchors) -> None:
        self.journal = services.journal
        self._config = config
        self._outbox = outbox
        self._bus = bus
        self._anchors = anchors
        self._workloads = Workloads(services)
        self._facts = static_facts(config.labels)

    async def start(self) -> None:
        """Go on from the stored state."""
        self.journal.event(EventKind.BOOT, message=f"agent {self._facts['agent']}, wasmtime {self._facts['wasmtime']}")
        await self._workloads.start()

    async def stop(self) -> None:
        """Stop all guests; states stay."""
        await self._workloads.stop()

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
        depth = self._outbox.depth(self._config.device)
        return Reported(unix_ms(), self._workloads.revision, self._workloads.report(), facts, depth)

    async def restart(self, workload: str) -> str | None:
        """Start a workload anew; gives what is wrong, or None."""
        return await self._workloads.restart(workload)

    def message(self, message: Message) -> None:
        """Take a message of the fleet for the guests of this host."""
        self._bus.publish(message, origin=FLEET)

    async def ping(self) -> tuple[dict[str, Any], str | None]:
        """A host that runs answers."""
        return {"time": unix_ms()}, None
