"""Asks a release on probation whether it works: by an export of its components, or by an HTTP request.

The answer is None, or what is wrong for people. Probes are asked through the same doors as everybody's calls, so a
release that is too busy to answer is not healthy.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from edge_host.errors import StopError
from edge_host.runner import Host, Running
from wire.descriptor import Descriptor
from wire.probation import ProbationKind
from wire.triggers import HttpRoute

MOST_PAUSE, LEAST_PAUSE = 5.0, 0.05
ANSWER_SECONDS = 10.0
LONGEST_LINE = 1024
ERRORS_FROM = 400
ANY_HOST = "localhost"
"""The host that is asked for where a route takes any."""


class Probe(Protocol):
    """One way to ask."""

    @property
    def pause(self) -> float:
        """Seconds between two questions."""

    async def ask(self, running: Running, host: Host) -> str | None:
        """What is wrong, or None."""


def probe_of(descriptor: Descriptor) -> Probe | None:
    """How the descriptor's probation wants to be asked; None when nobody has to ask."""
    probation = descriptor.probation
    pause = min(MOST_PAUSE, max(LEAST_PAUSE, probation.seconds / (4 * (probation.calls + 1))))
    if probation.kind is ProbationKind.EXPORT:
        return ExportProbe(pause)
    if probation.kind is ProbationKind.HTTP and probation.path is not None:
        return HttpProbe(pause, _host_of(descriptor, probation.path), probation.path)
    return None


@dataclass(frozen=True)
class ExportProbe:
    """Calls `petiole:health/probe.check` of each component that has it."""

    pause: float

    async def ask(self, running: Running, host: Host) -> str | None:
        """See `Probe.ask`."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await running.check_health()
        except TimeoutError:
            return f"no answer in {ANSWER_SECONDS:.0f} s"
        except StopError as stop:
            return str(stop)


@dataclass(frozen=True)
class HttpProbe:
    """Asks this host's own HTTP server, as anybody may."""

    pause: float
    host: str
    path: str

    async def ask(self, running: Running, host: Host) -> str | None:
        """See `Probe.ask`."""
        if host.http_address is None:
            return "this host has no HTTP server; add [http] to its configuration"
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                status = await self._status(*host.http_address)
        except TimeoutError:
            return f"no answer in {ANSWER_SECONDS:.0f} s"
        except (OSError, ValueError, IndexError) as error:
            return f"no answer: {error}"
        return None if status < ERRORS_FROM else f"GET {self.path} is answered with {status}"

    async def _status(self, address: str, port: int) -> int:
        reader, writer = await asyncio.open_connection(address, port, limit=LONGEST_LINE)
        try:
            writer.write(f"GET {self.path} HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
            return int((await reader.readuntil(b"\r\n")).split()[1])
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise ValueError("it is not HTTP") from error
        finally:
            writer.close()


def _host_of(descriptor: Descriptor, path: str) -> str:
    routes = [
        trigger
        for component in descriptor.components
        for trigger in component.triggers
        if isinstance(trigger, HttpRoute)
    ]
    fitting = [route for route in routes if path.startswith(route.path)] or routes
    return next((route.host for route in fitting if route.host != "*"), ANY_HOST)
