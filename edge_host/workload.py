"""One workload of this host: the release that runs, the candidate on its way, and the way from one to the other.

::

    offered -> downloading -> verified -> staged -> probation -> confirmed
                 any refusal -> failed      |  stop, time-out -> rolled-back (or failed, when nothing ran before)

The release that runs works until the candidate is loaded. It stands by then, loaded, until the probation ends: well,
and it is stopped; badly, and it works on at once. Where both cannot be loaded at the same time
(`edge_host.release.stands_beside`) it is stopped before and started again. A state is stored before it is acted on.

Probation ends well when the release is healthy (`edge_host.health`) **and** a round trip was seen: the fleet
acknowledged a record appended after the activation. A `local` workload, which a file of this device desires, needs no
fleet for it.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from dataclasses import replace

from edge_host.errors import CompileError
from edge_host.execution import Execution, cancel, spawn
from edge_host.outbox import Position
from edge_host.pool import Counts
from edge_host.release import authentic, digests, stands_beside
from edge_host.services import Services
from edge_host.staging import stage
from edge_host.state import Release, Role
from edge_host.workload_events import tell_refused, tell_state
from wire.errors import MalformedError, RefusedError, WireError
from wire.messages import ReportedWorkload, State
from wire.refusals import Refusal

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 3
"""Starts on probation, over restarts of the agent, before the release is taken back."""

RETRY_SECONDS = 15.0

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
        self._activated: Position | None = None
        self._round_trip = False
        self._way: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._work: Execution | None = None
        self._trial: Execution | None = None

    def start(self) -> None:
        """Go on from the stored states."""
        candidate = self.candidate
        if candidate is not None and candidate.state is State.PROBATION:
            if candidate.attempts >= MOST_ATTEMPTS:
                self._end_probation(f"probation-timeout: {candidate.attempts} starts were not confirmed")
            else:
                self._way = spawn(self._activate_again(), f"workload {self.name}")
            return
        if self.running is not None:
            self.running = replace(self.running, state=State.CONFIRMED, reason="")
            self._resume_work()
        if candidate is not None and candidate.state in IN_FLIGHT:
            self._way = spawn(self._install_candidate(), f"workload {self.name}")

    async def offer(self, release: Release) -> None:
        """The fleet wants this release; what is known of it already is not begun anew."""
        await self._settle()
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
        self._way = spawn(self._install_candidate(), f"workload {self.name}")

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
        await cancel(self._way)
        self._way = None
        await self._settle()
        await self._stop_trial()
        await self._stop_work()

    async def remove(self) -> None:
        """Stop and forget."""
        await self.stop()
        self._services.store.remove(self.name)
        self._services.host.forget(self.name)

    def acknowledged(self, position: Position) -> None:
        """The fleet has all events up to `position`."""
        activated = self._activated
        if activated is not None and position.epoch == activated.epoch and position.seq >= activated.seq:
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

    def instances(self) -> list[tuple[str, str, Counts]]:
        """Version, component and how many instances there are, of the releases that are loaded."""
        loaded = [execution for execution in (self._work, self._trial) if execution is not None]
        return [
            (execution.release.version, component, counts)
            for execution in loaded
            for component, counts in execution.instances().items()
        ]

    @property
    def digests(self) -> set[bytes]:
        """The payloads and components that must be kept."""
        releases = [release for release in (self.running, self.candidate) if release is not None]
        return set().union(*map(digests, releases))

    # What a release that runs tells (`edge_host.execution.Owner`)

    def stopped(self, release: Release, reason: str) -> bool:
        """A release was stopped: on probation that is its end, later it is started again."""
        if self._is_on_probation(release):
            self._end_probation(reason)
            return False
        self._note(release, reason)
        self._services.changed()
        return True

    def goes_on(self, release: Release) -> bool:
        """On probation every stop is the end of it; a confirmed release outlives a call that ends alone."""
        return not self._is_on_probation(release)

    def gave_up(self, release: Release, reason: str) -> None:
        """Leave a confirmed release stopped; a restart, of it or of the agent, or a new release ends that."""
        tell_state(self._services.journal, self._note(replace(release, state=State.FAILED), reason))
        self._services.changed()

    def healthy(self, release: Release) -> bool:
        """A release gave a sign of health; whether it is still on probation, where such signs count."""
        if self._is_on_probation(release):
            self._confirm_when_healthy()
        return self._is_on_probation(release)

    def _note(self, release: Release, reason: str) -> Release:
        self.running = replace(release, reason=reason)
        return self.running

    # The way of a candidate

    async def _install_candidate(self) -> None:
        try:
            await self._stage()
            await self._activate()
        except CompileError as error:
            self._refuse(f"{Refusal.INCOMPATIBLE.label}: {error}")
        except RefusedError as error:
            self._refuse(str(error))
        except MalformedError as error:
            self._refuse(f"{Refusal.MALFORMED.label}: {error}")

    async def _stage(self) -> None:
        """Bring the candidate to `staged`; a disk that takes nothing now is tried again."""
        while True:
            try:
                await stage(self._services, self._candidate(), self._set, self._progress, self._waits)
            except (OSError, sqlite3.Error) as error:
                log.error("%s cannot be installed now: %s", self.name, error)
                self._waits(f"the disk does not take it now: {error}")
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    def _progress(self, offset: int) -> None:
        self._offset = offset
        self._services.changed()

    def _waits(self, reason: str) -> None:
        self.candidate = replace(self._candidate(), reason=reason)
        self._services.changed()

    async def _activate(self) -> None:
        candidate, anchors = self._candidate(), self._services.anchors
        descriptor = authentic(candidate, anchors).descriptor
        self._round_trip = False
        candidate = replace(candidate, state=State.PROBATION, attempts=candidate.attempts + 1)
        self._set(candidate, tell=True)
        if self.running is None or not stands_beside(self.running, descriptor, anchors):
            await self._stop_work()
        self._trial = Execution(self._services, candidate, self, self._stand_by)
        await asyncio.sleep(descriptor.probation.seconds)
        if self._is_on_probation(candidate):
            self._end_probation(self._overdue())

    async def _activate_again(self) -> None:
        try:
            await self._activate()
        except WireError as error:
            self._end_probation(str(error))

    def _stand_by(self) -> None:
        """The candidate is loaded: it takes over from the release that ran until now."""
        if self._work is not None and self._trial is not None:
            self._work.hold()

    def _overdue(self) -> str:
        health = self._trial.health if self._trial is not None else None
        missing = list(health.missing) if health is not None else ["it did not start"]
        if not (self._round_trip or self.local):
            missing.append("no acknowledgement of the fleet")
        return f"probation-timeout: {', '.join(missing)}"

    def _is_on_probation(self, release: Release) -> bool:
        candidate = self.candidate
        return candidate is not None and candidate.state is State.PROBATION and candidate.release == release.release

    def _confirm_when_healthy(self) -> None:
        candidate, trial = self.candidate, self._trial
        if candidate is None or candidate.state is not State.PROBATION or trial is None:
            return
        if not (self._round_trip or self.local) or trial.health is None or trial.health.missing:
            return
        confirmed = replace(candidate, state=State.CONFIRMED, reason="")
        self._services.store.promote(confirmed)
        self.running, self.candidate, self._activated = confirmed, None, None
        before, self._work, self._trial = self._work, trial, None
        if before is not None:
            self._ending = spawn(before.stop(), f"end of {self.name}")
        self._tell_state(confirmed)
        self._services.collect()
        if self._way is not None:
            self._way.cancel()

    def _end_probation(self, reason: str) -> None:
        state = State.FAILED if self.running is None else State.ROLLED_BACK
        self._activated = None
        self._set(replace(self._candidate(), state=state, reason=reason))
        self._ending = spawn(self._take_back(), f"end of probation of {self.name}")
        if self._way is not None and self._way is not asyncio.current_task():
            self._way.cancel()

    async def _settle(self) -> None:
        """Wait until the release that has to end has ended."""
        if self._ending is not None:
            await asyncio.wait([self._ending])
            self._ending = None

    async def _take_back(self) -> None:
        await self._end_trial()
        self._resume_work()

    async def _end_trial(self) -> None:
        """Stop the candidate; a release that stands by takes over before, so that messages in between have a taker."""
        if self._trial is not None and self._work is not None:
            with self._services.host.bus.still():
                self._trial.hold()
                self._work.resume()
        await self._stop_trial()

    def _refuse(self, reason: str) -> None:
        release = self._candidate()
        tell_refused(self._services.journal, release, reason)
        self._set(replace(release, state=State.FAILED, reason=reason))

    async def _drop_candidate(self) -> None:
        await cancel(self._way)
        await self._end_trial()
        self._services.store.drop(self.name, Role.CANDIDATE)
        self.candidate = self._activated = None
        self._services.changed()
        self._resume_work()

    # Running

    def _resume_work(self) -> None:
        """Let the release that ran before work again, or start it."""
        if self._work is not None:
            self._work.resume()
        elif self.running is not None:
            self._work = Execution(self._services, self.running, self, lambda: None)

    async def _stop_work(self) -> None:
        work, self._work = self._work, None
        if work is not None:
            await work.stop()

    async def _stop_trial(self) -> None:
        trial, self._trial = self._trial, None
        if trial is not None:
            await trial.stop()

    # Storing and telling

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
        position = tell_state(self._services.journal, release)
        if release.state is State.PROBATION:
            self._activated = position
        self._services.changed()
