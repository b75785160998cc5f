"""A device that the agent speaks for: this host, or an attached board."""

from __future__ import annotations

from typing import Any, Protocol

from edge_host.journal import Journal
from edge_host.messages import Message
from edge_host.outbox import Position
from wire.messages import Reported


class Member(Protocol):
    """What the agent asks of a device; all methods belong to the event loop's thread."""

    journal: Journal

    async def start(self) -> None:
        """Go on from the stored state."""

    async def stop(self) -> None:
        """Stop; the state stays."""

    async def desired(self, message: bytes) -> None:
        """Take a `desired` message; raises `WireError` when it is none."""

    def acknowledged(self, stream: str, position: Position) -> None:
        """The fleet has everything of `stream` up to `position`."""

    def reported(self) -> Reported | None:
        """What the device tells the fleet now; None while it does not answer."""

    async def restart(self, workload: str) -> str | None:
        """Start a workload anew; gives what is wrong, or None."""

    def message(self, message: Message) -> None:
        """Take a message of the fleet for the guests of the device."""

    async def ping(self) -> tuple[dict[str, Any], str | None]:
        """Whether the device answers: facts about the answer, and what is wrong or None."""
