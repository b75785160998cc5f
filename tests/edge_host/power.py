"""The workloads of a host in this process, whose power can be cut right after any write of its state."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from wasmtime.component import Component as WasmComponent

from edge_host.artifacts import Artifacts, Stored
from edge_host.outbox import EVENT, Position
from edge_host.services import Services
from edge_host.state import StateStore
from edge_host.workloads import Workloads
from tests.edge_host.bench import Bench
from tests.edge_host.fleet_double import SEED, Made
from wire import cose
from wire.messages import Desired, ReportedWorkload

DEVICE = "edge-1"


class PowerCutError(BaseException):
    """Nothing runs any more from here on."""


class CutStore(StateStore):
    """Loses its power right after its write number `cut`; 0 never."""

    def __init__(self, file: Path, cut: int = 0) -> None:
        super().__init__(file)
        self.cut = cut
        self.writes = 0
        self.dead = asyncio.Event()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self.dead.is_set():
            raise PowerCutError
        with super()._transaction() as database:
            yield database
        self.writes += 1
        if self.writes == self.cut:
            self.dead.set()
            raise PowerCutError

    def close(self) -> None:
        self._database.close()


class QuickArtifacts(Artifacts):
    """Compiles in this process."""

    def __init__(self, state: Path, bench: Bench) -> None:
        super().__init__(state)
        self._bench = bench

    async def _compile(self, component: Stored, target: Path) -> None:
        await asyncio.to_thread(self._compile_here, component, target)

    def _compile_here(self, component: Stored, target: Path) -> None:
        with WasmComponent(self._bench.engine, self.read(component)) as compiled:
            target.write_bytes(bytes(compiled.serialize()))


class Fetches:
    """Payloads that arrive at once."""

    def __init__(self, artifacts: Artifacts, payloads: dict[bytes, bytes]) -> None:
        self._artifacts = artifacts
        self._payloads = payloads

    async def fetch(self, _device: str, digest: bytes, size: int, progress: Callable[[int], None]) -> None:
        self._artifacts.partial(digest).write_bytes(self._payloads[digest])
        progress(size)
        assert self._artifacts.finish(digest)


class Telling:
    """A journal whose events the fleet acknowledges, unless told otherwise."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str | None, dict[str, Any]]] = []
        self.measured: list[float] = []
        self.acknowledging = True
        self.acknowledged: Callable[[str, Position], None] = lambda stream, position: None

    def event(self, kind: str, _workload: str | None = None, version: str | None = None, **told: Any) -> Position:
        self.events.append((str(kind), version, told))
        position = Position(1, len(self.events))
        if self.acknowledging:
            asyncio.get_running_loop().call_later(0.01, lambda: self.acknowledged(EVENT, position))
        return position

    def measurement(self, _workload: str, _name: str, _unit: str, value: float) -> None:
        self.measured.append(value)

    def states(self, version: str) -> list[str]:
        return [told["state"] for kind, known, told in self.events if kind == "state" and known == version]


class Life:
    """A host from its start until its power is cut or it is stopped."""

    def __init__(self, folder: Path, bench: Bench, payloads: dict[bytes, bytes], cut: int = 0) -> None:
        folder.mkdir(exist_ok=True)
        self.store = CutStore(folder / "state.db", cut)
        artifacts = QuickArtifacts(folder, bench)
        self.fetches = Fetches(artifacts, payloads)
        self.journal = Telling()
        self.host = bench.host
        services = Services(
            device=DEVICE,
            anchors={cose.kid(key): key for key in (cose.public_key(SEED),)},
            store=self.store,
            artifacts=artifacts,
            downloads=self.fetches,  # type: ignore[arg-type]
            journal=self.journal,  # type: ignore[arg-type]
            host=self.host,
            changed=lambda: None,
            keep=set,
        )
        self.workloads = Workloads(services)
        self.journal.acknowledged = self._acknowledged

    def _acknowledged(self, stream: str, position: Position) -> None:
        if not self.store.dead.is_set():
            try:
                self.workloads.acknowledged(stream, position)
            except PowerCutError:
                return

    async def run(self, done: Callable[[], bool], made: Made | None = None) -> None:
        """Start, desire a release, and go on until `done` or the power is cut."""
        try:
            await self.workloads.start()
            if made is not None:
                await self.workloads.desired(Desired(2, (made.desired,)).encode())
            await self.until(lambda: done() or self.store.dead.is_set())
        except PowerCutError:
            assert self.store.dead.is_set()
        self.store.dead.set()
        with suppress(PowerCutError):
            await self.workloads.stop()
        self.store.close()

    @staticmethod
    async def until(done: Callable[[], bool]) -> None:
        """Wait until `done`."""
        while not done():  # noqa: ASYNC110 nobody tells
            await asyncio.sleep(0.005)

    def entry(self) -> ReportedWorkload | None:
        """How the only workload is reported."""
        entries = self.workloads.report()
        return entries[0] if entries else None

    def is_in(self, state: str, version: str) -> bool:
        entry = self.entry()
        return entry is not None and (entry.state, entry.version) == (state, version)
