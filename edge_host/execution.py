"""Keeps one release of a workload running: starts it, starts it again after a stop, and asks after its health.

A release that stands by (`hold`) stays loaded with its instances, and nothing calls it: the release that is on
probation beside it does the work.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from edge_host.errors import CompileError, StopError
from edge_host.health import Health
from edge_host.interfaces.context import TELL_SECONDS, Rate
from edge_host.journal import Journal, WorkloadSink
from edge_host.pool import Counts
from edge_host.probes import Probe, probe_of
from edge_host.release import authentic
from edge_host.runner import Part, Running
from edge_host.services import Services
from edge_host.staging import load
from edge_host.state import Release
from edge_host.workload_events import tell_stop, tell_unstarted
from wire.descriptor import Component
from wire.errors import WireError

log = logging.getLogger(__name__)

RESTART_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
"""Pauses before a stopped release is started again, until a minute went well; one that stops once more stays so."""

SETTLED_SECONDS = 60.0

MOST_TOLD = 8
"""Stops of calls alone that are told in `TELL_SECONDS`; more are logged here, as whoever may call may cause them."""


class Owner(Protocol):
    """Who is told of a release that runs."""

    def stopped(self, release: Release, reason: str) -> bool:
        """It was stopped; whether it is to be started again after a pause."""

    def goes_on(self, release: Release) -> bool:
        """A call of it was stopped that could end alone; whether it does."""

    def gave_up(self, release: Release, reason: str) -> None:
        """It was stopped too often, and stays so."""

    def healthy(self, release: Release) -> bool:
        """Its health became better; whether more such signs count."""


class Execution:
    """One release that runs until `stop`. Belongs to the event loop's thread."""

    def __init__(self, services: Services, release: Release, owner: Owner, loaded: Callable[[], None]) -> None:
        """Begin at once; `loaded` is told whenever all components are loaded, before anything calls them."""
        self.release = release
        self.health: Health | None = None
        self._services = services
        self._owner = owner
        self._loaded = loaded
        self._running: Running | None = None
        self._is_held = False
        self._stops_told = Rate(MOST_TOLD, TELL_SECONDS)
        self._task = spawn(self._keep_running(), f"workload {release.name}")

    def hold(self) -> None:
        """Stand by from now on."""
        self._is_held = True
        if self._running is not None:
            self._running.hold()

    def resume(self) -> None:
        """Work again."""
        self._is_held = False
        if self._running is not None:
            self._running.resume()

    def instances(self) -> dict[str, Counts]:
        """How many instances each component has; nothing while it does not run."""
        return self._running.instances() if self._running is not None else {}

    async def stop(self) -> None:
        """Stop it and wait until it has."""
        await cancel(self._task)

    async def _keep_running(self) -> None:
        loop = asyncio.get_running_loop()
        journal, failures = self._services.journal, 0
        while True:
            begun = loop.time()
            try:
                await self._run_once()
            except StopError as stop:
                reason = str(stop)
                tell_stop(journal, self.release, stop)
            except (CompileError, WireError, OSError) as error:
                reason = str(error)
                tell_unstarted(journal, self.release, reason)
            else:
                return
            if not self._owner.stopped(self.release, reason):
                return
            failures = 1 if loop.time() - begun > SETTLED_SECONDS else failures + 1
            if failures > len(RESTART_SECONDS):
                self._owner.gave_up(self.release, reason)
                return
            await asyncio.sleep(RESTART_SECONDS[failures - 1])

    async def _run_once(self) -> None:
        services, release = self._services, self.release
        manifest = authentic(release, services.anchors)
        descriptor = manifest.descriptor
        health = self.health = Health(descriptor)
        codes = await load(services, release, manifest)
        parts = [
            Part(code, component, self._sink(component, health))
            for code, component in zip(codes, descriptor.components, strict=True)
        ]

        loop = asyncio.get_running_loop()
        counts = True

        def good(component: str) -> None:
            nonlocal counts
            health.good_call(component)
            counts = self._owner.healthy(release)

        def called(part: Part, error: str | None) -> None:
            if error is not None:
                part.sink.log("error", "handler", error)
            elif counts:
                loop.call_soon_threadsafe(good, part.described.name)

        running = self._running = Running(services.host, release.name, parts, called, self._spares)
        if self._is_held:
            running.hold()
        later = loop.call_later(health.service_seconds or 0, self._services_ran, health)
        probe = probe_of(descriptor)
        asking = spawn(self._ask(probe, running, health), f"probe of {release.name}") if probe is not None else None
        try:
            await running.run(self._loaded)
        finally:
            self._running = None
            later.cancel()
            await cancel(asking)
            for code in codes:
                code.close()

    def _spares(self, stop: StopError) -> bool:
        if not self._owner.goes_on(self.release):
            return False
        if self._stops_told.take(1):
            tell_stop(self._services.journal, self.release, stop)
        else:
            log.warning("workload %s, component %s: %s", self.release.name, stop.component, stop)
        return True

    def _sink(self, component: Component, health: Health) -> WorkloadSink:
        release = self.release
        sink = WorkloadSink(self._services.journal, release.name, release.version, component.name)
        if not health.wants_telemetry:
            return sink
        return _Counting(self._services.journal, release, component.name, lambda: self._measured(health))

    def _services_ran(self, health: Health) -> None:
        health.services_ran()
        self._owner.healthy(self.release)

    def _measured(self, health: Health) -> None:
        health.measured()
        self._owner.healthy(self.release)

    async def _ask(self, probe: Probe, running: Running, health: Health) -> None:
        """Ask after the health until it was good often enough."""
        while health.wants_probes:
            await asyncio.sleep(probe.pause)
            problem = await probe.ask(running, self._services.host)
            health.probed(problem)
            if problem is None:
                self._owner.healthy(self.release)


class _Counting(WorkloadSink):
    """Tells of each measurement that was kept."""

    def __init__(self, journal: Journal, release: Release, component: str, measured: Callable[[], None]) -> None:
        super().__init__(journal, release.name, release.version, component)
        self._loop = asyncio.get_running_loop()
        self._measured = measured

    def measure(self, name: str, unit: str, value: float | str | bool) -> None:
        super().measure(name, unit, value)
        self._loop.call_soon_threadsafe(self._measured)


def spawn(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Run `work`; should it fail, that is logged."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_failed)
    return task


async def cancel(task: asyncio.Task[None] | None) -> None:
    """Cancel a task, unless it is the one that asks, and wait for its end."""
    if task is None or task.done() or task is asyncio.current_task():
        return
    task.cancel()
    await asyncio.wait([task])


def _failed(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s failed", task.get_name(), exc_info=error)
