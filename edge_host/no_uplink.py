"""The uplink of a host without a fleet: never connected."""

from __future__ import annotations

import asyncio


class NoUplink:
    """In the place of `edge_host.uplink.Uplink`."""

    def __init__(self) -> None:
        self.connected = asyncio.Event()

    def publish(self, _topic: str, _payload: bytes) -> bool:
        """Nobody is there to take a message."""
        return False

    def ready(self) -> bool:
        """See `publish`."""
        return False

    async def run(self) -> None:
        """Nothing to keep up."""
        await self.connected.wait()
