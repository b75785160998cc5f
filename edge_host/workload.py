"""One workload of this host: the release that runs, the candidate on its way, and the way from one to the other.

::

    offered -> downloading -> verified -> staged -> probation -> confirmed
                 any refusal -> failed      |  stop, time-out -> rolled-back (or failed, when nothing ran before)

The running release runs until the candidate goes on probation, and again when that ends badly. A state is stored
before it is acted on. Probation ends well after enough good calls **and** a round trip: the fleet acknowledged a
record appended after the activation. A `local` workload, which a file of this device desires, needs no fleet for it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from wasmtime.component import Component as WasmComponent

from edge_host.errors import CompileError, DownloadError, StopError
from edge_host.health import Health
from edge_host.journal import WorkloadSink
from edge_host.outbox import Position
from edge_host.release import acceptable, authentic, check_component, digests, stored
from edge_host.runner import Part, check_parts, run_workload
from edge_host.services import Services
from edge_host.state import Release, Role
from edge_host.stops import frame
from wire.errors import MalformedError, RefusedError, WireError
from wire.messages import EventKind, ReportedWorkload, State
from wire.refusals import Refusal
from wire.suit import Manifest

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
"""Starts on probation, over restarts of the agent, before the release is taken back."""

RESTART_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
"""Pauses before a stopped release is started again, until a minute went well; one that stops once more stays so."""

DOWNLOAD_RETRY_SECONDS = 15.0
SETTLED_SECONDS = 60.0

IN_FLIGHT = (State.OFFERED, State.DOWNLOADING, State.VERIFIED, State.STAGED)


class Workload:
    """Belongs to the event loop's thread."""

    def __init__(self, name: str, services: Services, running: Release | None, candidate: Release | None) -> None:
        self.name = name
        self._services = services
        self.running = running
        self.candidate = candidate
        self.local = False
        self._offset = 0
        self._health: Health | None = None
        self._activated: Position | None = None
        self._round_trip = False
        self._install: asyncio.Task[None] | None = None
        self._run: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Go on from the stored states."""
        candidate = self.candidate
        if candidate is not None and candidate.state is State.PROBATION:
            if candidate.attempts >= MOST_ATTEMPTS:
                self._end_probation(f"probation-timeout: {candidate.attempts} starts were not confirmed")
            else:
                self._install = self._spawn(self._activate_again())
            return
        if self.running is not None:
            self.running = replace(self.running, state=State.CONFIRMED, reason="")
            self._run = self._spawn(self._keep_running(self.running))
        if candidate is not None and candidate.state in IN_FLIGHT:
            self._install = self._spawn(self._install_candidate())

    async def offer(self, release: Release) -> None:
        """The fleet wants this release; what is known of it already is not begun anew."""
        if self.candidate is not None and self._is_known(self.candidate, release):
            return
        if self.running is not None and self.running.release == release.release:
            if self.candidate is not None:
                await self._drop_candidate()
            return
        if self.candidate is not None:
            await self._drop_candidate()
        self._offset = 0
        self._set(release, tell=True)
        self._install = self._spawn(self._install_candidate())

    @staticmethod
    def _is_known(candidate: Release, release: Release) -> bool:
        """Whether it is this one; a refused one in another envelope may be the same manifest, now signed well."""
        failed_otherwise = candidate.state is State.FAILED and candidate.envelope != release.envelope
        return candidate.release == release.release and not failed_otherwise

    async def restart(self) -> None:
        """Start what runs anew."""
        await self.stop()
        self.start()

    async def stop(self) -> None:
        """Stop whatever runs; states stay."""
        await _cancel(self._install)
        await _cancel(self._run)
        self._install = self._run = None

    async def remove(self) -> None:
        """Stop and forget."""
        await self.stop()
        self._services.store.remove(self.name)
        self._services.host.key_values.remove(self.name)

    def acknowledged(self, position: Position) -> None:
        """The fleet has all events up to `position`."""
        if (
            self._activated is not None
            and position.epoch == self._activated.epoch
            and position.seq >= self._activated.seq
        ):
            self._round_trip = True
            self._confirm_when_healthy()

    def report(self) -> ReportedWorkload:
        """The workload as `reported` tells it."""
        shown = self.candidate or self.running or Release(self.name, b"", b"", b"", 0)
        previous = self.running.version if self.candidate is not None and self.running is not None else None
        offset = self._offset if shown.state in (State.OFFERED, State.DOWNLOADING) else shown.size
        return ReportedWorkload(
            *(self.name, shown.version, shown.sequence, shown.release, str(shown.state), shown.reason),
            *(offset, shown.size, previous),
        )

    @property
    def digests(self) -> set[bytes]:
        """The payloads and components that must be kept."""
        releases = [release for release in (self.running, self.candidate) if release is not None]
        return set().union(*map(digests, releases))

    # The way of a candidate

    async def _install_candidate(self) -> None:
        try:
            await self._prepare()
            await self._activate()
        except CompileError as error:
            self._refuse(f"{Refusal.INCOMPATIBLE.label}: {error}")
        except RefusedError as error:
            self._refuse(str(error))
        except MalformedError as error:
            self._refuse(f"{Refusal.MALFORMED.label}: {error}")

    async def _prepare(self) -> None:
        services = self._services
        candidate = self._candidate()
        manifest = acceptable(candidate, services.anchors, services.store.accepted(self.name))
        candidate = replace(candidate, version=manifest.version, sequence=manifest.sequence, reason="")
        intact = await asyncio.to_thread(services.artifacts.is_intact, candidate.digest)
        if candidate.state in (State.OFFERED, State.DOWNLOADING) or not intact:
            self._set(replace(candidate, state=State.DOWNLOADING), accept=True)
            await self._download()
            self._set(replace(self._candidate(), state=State.VERIFIED, reason=""))
        await asyncio.to_thread(self._check_codes, manifest)
        for component in manifest.descriptor.components:
            check_component(component, services.host.labels)
        codes = await self._load(candidate, manifest)
        try:
            check_parts(services.host.engine, codes, manifest.descriptor.components)
        finally:
            for code in codes:
                code.close()
        if self._candidate().state is State.VERIFIED:
            self._set(replace(self._candidate(), state=State.STAGED))

    def _check_codes(self, manifest: Manifest) -> None:
        """Check the code of each component; raises `RefusedError`."""
        manifest.split(self._services.artifacts.payload(self._candidate().digest).read_bytes())

    async def _load(self, release: Release, manifest: Manifest) -> list[WasmComponent]:
        services = self._services
        return [await services.artifacts.load(services.host.engine, code) for code in stored(release, manifest)]

    async def _download(self) -> None:
        def progress(offset: int) -> None:
            self._offset = offset
            self._services.changed()

        while True:
            candidate = self._candidate()
            try:
                await self._services.downloads.fetch(self._services.device, candidate.digest, candidate.size, progress)
            except DownloadError as error:
                log.warning("%s: %s; trying again in %.0f s", self.name, error, DOWNLOAD_RETRY_SECONDS)
                self.candidate = replace(candidate, reason=str(error))
                self._services.changed()
                await asyncio.sleep(DOWNLOAD_RETRY_SECONDS)
            else:
                return

    async def _activate(self) -> None:
        candidate = self._candidate()
        probation = authentic(candidate, self._services.anchors).descriptor.probation
        self._health, self._round_trip = None, False
        candidate = replace(candidate, state=State.PROBATION, attempts=candidate.attempts + 1)
        self._set(candidate, tell=True)
        await _cancel(self._run)
        self._run = self._spawn(self._keep_running(candidate))
        await asyncio.sleep(probation.seconds)
        if self._is_on_probation(candidate):
            await _cancel(self._run)
            self._end_probation(self._overdue())

    async def _activate_again(self) -> None:
        try:
            await self._activate()
        except WireError as error:
            self._end_probation(str(error))

    def _overdue(self) -> str:
        missing = list(self._health.missing) if self._health is not None else ["it did not start"]
        if not (self._round_trip or self.local):
            missing.append("no acknowledgement of the fleet")
        return f"probation-timeout: {', '.join(missing)}"

    def _is_on_probation(self, release: Release) -> bool:
        candidate = self.candidate
        return candidate is not None and candidate.state is State.PROBATION and candidate.release == release.release

    def _confirm_when_healthy(self) -> None:
        candidate = self.candidate
        if candidate is None or candidate.state is not State.PROBATION:
            return
        if not (self._round_trip or self.local) or self._health is None or self._health.missing:
            return
        confirmed = replace(candidate, state=State.CONFIRMED, reason="")
        self._services.store.promote(confirmed)
        self.running, self.candidate, self._activated = confirmed, None, None
        self._tell_state(confirmed)
        self._services.collect()
        if self._install is not None:
            self._install.cancel()

    def _end_probation(self, reason: str) -> None:
        state = State.FAILED if self.running is None else State.ROLLED_BACK
        self._activated = None
        self._set(replace(self._candidate(), state=state, reason=reason))
        if self.running is not None:
            self._run = self._spawn(self._keep_running(self.running))
        if self._install is not None and self._install is not asyncio.current_task():
            self._install.cancel()

    def _refuse(self, reason: str) -> None:
        release = self._candidate()
        self._services.journal.event(EventKind.REFUSED, self.name, release.version, level="error", reason=reason)
        self._set(replace(release, state=State.FAILED, reason=reason))

    async def _drop_candidate(self) -> None:
        on_probation = self.candidate is not None and self.candidate.state is State.PROBATION
        await _cancel(self._install)
        if on_probation:
            await _cancel(self._run)
        self._services.store.drop(self.name, Role.CANDIDATE)
        self.candidate = self._activated = None
        self._services.changed()
        if on_probation and self.running is not None:
            self._run = self._spawn(self._keep_running(self.running))

    # Running a release

    async def _keep_running(self, release: Release) -> None:
        """Run a release until cancelled; one on probation until its first stop."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            begun = loop.time()
            try:
                await self._run_once(release)
            except StopError as stop:
                reason = str(stop)
                self._tell_stop(release, stop)
            except (CompileError, WireError) as error:
                reason = str(error)
                self._services.journal.event(
                    EventKind.LOG, self.name, release.version, level="error", message=f"does not start: {reason}"
                )
            else:
                return
            if self._is_on_probation(release):
                self._end_probation(reason)
                return
            self.running = replace(release, reason=reason)
            self._services.changed()
            failures = 1 if loop.time() - begun > SETTLED_SECONDS else failures + 1
            if failures > len(RESTART_SECONDS):
                self._give_up(release, reason)
                return
            await asyncio.sleep(RESTART_SECONDS[failures - 1])

    def _give_up(self, release: Release, reason: str) -> None:
        """Leave a confirmed release stopped; a restart, of it or of the agent, or a new release ends that."""
        self.running = replace(release, state=State.FAILED, reason=reason)
        self._tell_state(self.running)

    async def _run_once(self, release: Release) -> None:
        services = self._services
        manifest = authentic(release, services.anchors)
        codes = await self._load(release, manifest)
        parts = [
            Part(code, component, WorkloadSink(services.journal, self.name, release.version, component.name))
            for code, component in zip(codes, manifest.descriptor.components, strict=True)
        ]

        def called(part: Part, error: str | None) -> None:
            if error is not None:
                part.sink.log("error", "handler", error)
            else:
                health.good_call(part.described.name)
                self._confirm_when_healthy()

        def services_ran() -> None:
            health.services_ran()
            self._confirm_when_healthy()

        health = self._health = Health(manifest.descriptor)
        later = asyncio.get_running_loop().call_later(health.service_seconds or 0, services_ran)
        try:
            await run_workload(services.host, self.name, parts, called)
        finally:
            later.cancel()
            for code in codes:
                code.close()

    # Telling

    def _candidate(self) -> Release:
        if self.candidate is None:
            raise LookupError(f"workload {self.name} has no candidate")
        return self.candidate

    def _set(self, release: Release, *, accept: bool = False, tell: bool = False) -> None:
        store = self._services.store
        if accept:
            store.accept(release)
        else:
            store.put(Role.CANDIDATE, release)
        changed = self.candidate is None or self.candidate.state is not release.state
        self.candidate = release
        if changed or tell:
            self._tell_state(release)

    def _tell_state(self, release: Release) -> None:
        log.info("%s %s: %s %s", self.name, release.version or "?", release.state, release.reason)
        position = self._services.journal.event(
            EventKind.STATE, self.name, release.version or None, state=str(release.state), reason=release.reason or None
        )
        if release.state is State.PROBATION:
            self._activated = position
        self._services.changed()

    def _tell_stop(self, release: Release, stop: StopError) -> None:
        place, function = frame(stop.backtrace)
        self._services.journal.event(
            *(EventKind.STOP, self.name, release.version),
            level="error",
            message=stop.backtrace or stop.message,
            reason=str(stop),
            release=release.release,
            component=stop.component,
            trap=stop.message if stop.kind == "trap" else stop.kind,
            pc=place,
            function=function,
            fuel=stop.fuel,
            up=round(time.monotonic() * 1000),
        )

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=f"workload {self.name}")
        task.add_done_callback(_failed)
        return task


def _failed(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s failed", task.get_name(), exc_info=error)


async def _cancel(task: asyncio.Task[None] | None) -> None:
    if task is None or task.done() or task is asyncio.current_task():
        return
    task.cancel()
    await asyncio.wait([task])
