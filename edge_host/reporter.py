"""The `reported` message of each device of the site: at connect, soon after a change, and every 15 seconds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping

from edge_host.delivery import Publish
from wire import topics
from wire.messages import Reported

PERIOD_SECONDS = 15.0
GATHER_SECONDS = 0.2


class Reporter:
    """Belongs to the event loop's thread."""

    def __init__(self, reports: Mapping[str, Callable[[], Reported | None]], publish: Publish) -> None:
        self._reports = reports
        self._publish = publish
        self._changed: set[str] = set()
        self._wake = asyncio.Event()

    def changed(self, device: str) -> None:
        """Something that `reported` tells of this device has changed."""
        self._changed.add(device)
        self._wake.set()

    def all_changed(self) -> None:
        """Report every device."""
        for device in self._reports:
            self.changed(device)

    async def run(self) -> None:
        """Report until cancelled."""
        loop = asyncio.get_running_loop()
        periodic = loop.time() + PERIOD_SECONDS
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(periodic):
                    await self._wake.wait()
                await asyncio.sleep(GATHER_SECONDS)
            self._wake.clear()
            if loop.time() >= periodic:
                periodic = loop.time() + PERIOD_SECONDS
                self._changed.update(self._reports)
            for device in sorted(self._changed):
                report = self._reports[device]()
                if report is not None:
                    self._publish(device, topics.REPORTED, report.encode())
            self._changed.clear()
