"""One attachment to a board, from the first answer to its silence.

These run beside each other: taking what the board sends, renewing the lease that makes it send events, setting its
clock, passing messages on to it, bringing its anchors and workloads to what is desired, and confirming those that are
healthy. The first that fails ends all.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge_host.boards.anchors import pass_on
from edge_host.boards.client import SmpClient
from edge_host.boards.clock import keep_time
from edge_host.boards.events import EventIntake
from edge_host.boards.install import SLOW_SECONDS, Installation, needs_install, remove_others
from edge_host.boards.port import Port
from edge_host.boards.records import Lease, greeting, text, workloads
from edge_host.boards.relay import Relay
from edge_host.boards.view import BoardView
from edge_host.delivery import Delivery, Publish
from edge_host.download import Downloads
from edge_host.errors import BoardRefusedError, BoardSilentError, DownloadError, OutboxFullError
from edge_host.journal import Journal
from edge_host.messages import Bus
from edge_host.outbox import Outbox, Position
from edge_host.release import claimed
from wire.errors import RefusedError
from wire.messages import DesiredWorkload, EventKind, ReportedWorkload, State
from wire.refusals import Refusal
from wire.smp import Petiole

log = logging.getLogger(__name__)

LEASE_SECONDS = 10
RENEW_SECONDS = 4.0
GATHER_SECONDS = 0.1
RETRY_SECONDS = 5.0

PASSING = {Refusal.BUSY.label, Refusal.NOT_ENROLLED.label, Refusal.INTERNAL.label}
"""Refusals that say nothing about the release: it is tried again."""


@dataclass(frozen=True)
class Services:
    """What boards use of the agent."""

    outbox: Outbox
    delivery: Delivery
    downloads: Downloads
    bus: Bus
    publish: Publish


@dataclass
class _RoundTrip:
    """A release on probation: `marker` is a record appended after its activation."""

    release: bytes
    marker: Position | None
    passed: bool = False
    told: bool = False


class Session:
    """Belongs to the event loop's thread."""

    def __init__(self, port: Port, view: BoardView, journal: Journal, services: Services, relay: Relay) -> None:
        self._device = journal.device
        self._view = view
        self._journal = journal
        self._services = services
        self._client = SmpClient(port, self._take_event)
        self._relay = relay
        self._intake = EventIntake(self._device, services.outbox, self._event_stored, relay.from_board)
        self._unacknowledged = asyncio.Event()
        self._work = asyncio.Event()
        self._confirmable = asyncio.Event()
        self._round_trips: dict[str, _RoundTrip] = {}
        self._installing: tuple[DesiredWorkload, asyncio.Task[None]] | None = None

    async def run(self) -> None:
        """Serve the board; raises an exception group with what ended it."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._client.run())
                await self._greet()
                for work in (self._keep_lease(), self._keep_desired(), self._keep_confirming()):
                    group.create_task(work)
                for beside in (keep_time(self._client), self._relay.run(self._client)):
                    group.create_task(beside)
        finally:
            await asyncio.to_thread(self._services.outbox.settle, self._device)
            self._services.delivery.wake()

    def desired_changed(self) -> None:
        """Something else is desired: what is on its way and no longer wanted is given up."""
        self._work.set()
        if self._installing is not None and self._installing[0] not in self._view.desired.workloads:
            self._installing[1].cancel()

    def acknowledged(self, position: Position) -> None:
        """The fleet has all events up to `position`."""
        for trip in self._round_trips.values():
            if trip.marker is not None and trip.marker.epoch == position.epoch and trip.marker.seq <= position.seq:
                trip.passed = True
                self._confirmable.set()

    async def ping(self) -> None:
        """Ask the board for its facts; raises `BoardError`."""
        self._view.facts = await self._client.read(Petiole.FACTS)

    async def restart(self, workload: str) -> None:
        """Start a workload anew; raises `BoardError`."""
        await self._client.write(Petiole.RESTART, {"name": workload}, seconds=SLOW_SECONDS, tries=1)
        self._work.set()

    async def _greet(self) -> None:
        await self.ping()
        name = text(self._view.facts, "device")
        if name not in ("", self._device):
            raise BoardSilentError(f"another board, {name!r}, is at this port; correct the agent's configuration")
        await self._subscribe()
        self._view.attached = True
        level, message = greeting(self._view.facts)
        self._journal.event(EventKind.LINK, level=level, message=message)
        log.info("%s: attached, %s", self._device, text(self._view.facts, "firmware"))

    async def _subscribe(self) -> None:
        body: dict[str, object] = {"lease": LEASE_SECONDS}
        self._unacknowledged.clear()
        stored, positions = self._intake.stored, dict(self._intake.positions)
        if self._intake.boot is not None and await self._make_safe():
            body["ack"] = [self._intake.boot, stored]
        lease = Lease.of(await self._client.write(Petiole.SUBSCRIBE, body))
        if "ack" in body:
            for stream, position in positions.items():
                self._services.outbox.told(self._device, stream, position)
            self._services.delivery.wake()
        first = self._intake.boot is None
        self._intake.leased(lease)
        if first and self._intake.stored:
            self._unacknowledged.set()

    async def _make_safe(self) -> bool:
        """Whether the board may forget what it sent so far."""
        if not self._intake.urgent:
            return True
        self._intake.urgent = False
        try:
            await asyncio.to_thread(self._services.outbox.sync)
        except OutboxFullError:
            self._intake.urgent = True
            return False
        return True

    async def _keep_lease(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RENEW_SECONDS):
                    await self._unacknowledged.wait()
                await asyncio.sleep(GATHER_SECONDS)
            await self._subscribe()

    def _take_event(self, body: Mapping[str, Any]) -> None:
        self._intake.take(body)

    def _event_stored(self, kind: str) -> None:
        self._unacknowledged.set()
        if kind in (EventKind.STATE, EventKind.STOP):
            self._work.set()

    # Workloads

    async def _keep_desired(self) -> None:
        while True:
            self._work.clear()
            again = await self._work_once()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(again):
                    await self._work.wait()

    async def _work_once(self) -> float | None:
        """Do what is to be done; gives the seconds after which to try again, or None when nothing is left."""
        await self._refresh()
        if await pass_on(self._client, self._view, self._journal):
            await self.ping()
        desired = self._view.desired.workloads
        if await remove_others(self._client, {wanted.name for wanted in desired}, self._view.entries):
            await self._refresh()
        again: float | None = None
        for wanted in desired:
            if self._view.has_failed(wanted) or not needs_install(wanted, self._view.entries.get(wanted.name)):
                continue
            if await self._install(wanted):
                await self._refresh()
            else:
                again = RETRY_SECONDS
        return again

    async def _refresh(self) -> None:
        entries = workloads(await self._client.read(Petiole.WORKLOADS))
        self._view.entries = entries
        for name in self._round_trips.keys() - entries.keys():
            del self._round_trips[name]
        for entry in entries.values():
            self._watch_probation(entry)

    def _watch_probation(self, entry: ReportedWorkload) -> None:
        known = self._round_trips.get(entry.name)
        if entry.state != State.PROBATION:
            self._round_trips.pop(entry.name, None)
        elif known is None or known.release != entry.release or known.marker is None:
            message = f"{entry.name} {entry.version} is on probation; waiting for the fleet to acknowledge this"
            marker = self._journal.event(EventKind.LINK, entry.name, entry.version, level="debug", message=message)
            self._round_trips[entry.name] = _RoundTrip(entry.release, marker)

    async def _install(self, wanted: DesiredWorkload) -> bool:
        sent = self._client.bytes_sent
        downloads, progress = self._services.downloads, self._view.progress
        work = Installation(self._client, self._device, wanted, downloads, progress)
        task = asyncio.create_task(work.run())
        self._installing = wanted, task
        try:
            await asyncio.wait([task])
            if not task.cancelled():
                task.result()
                self._tell_sent(wanted, self._client.bytes_sent - sent)
        except BoardRefusedError as error:
            log.warning("%s: %s", self._device, error)
            if error.name in PASSING:
                return False
            await self._refresh()
            self._view.fail(wanted, str(error))
        except RefusedError as error:
            self._view.fail(wanted, str(error))
        except DownloadError as error:
            log.warning("%s: %s", self._device, error)
            return False
        finally:
            self._installing = None
            task.cancel()
            self._view.arrived(wanted)
        return True

    def _tell_sent(self, wanted: DesiredWorkload, count: int) -> None:
        message = f"{count} bytes went over the board's line for {wanted.size} bytes of code"
        version, _ = claimed(wanted.envelope)
        self._journal.event(EventKind.LINK, wanted.name, version, level="info", message=message)

    async def _keep_confirming(self) -> None:
        while True:
            await self._confirmable.wait()
            self._confirmable.clear()
            for name, trip in list(self._round_trips.items()):
                entry = self._view.entries.get(name)
                if not trip.passed or trip.told or entry is None:
                    continue
                try:
                    await self._client.write(Petiole.CONFIRM, {"name": name, "seq": entry.sequence})
                except BoardRefusedError as error:
                    log.warning("%s: confirmation of %s: %s", self._device, name, error)
                trip.told = True
                self._work.set()
