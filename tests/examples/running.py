"""Runs built examples on the edge host in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from wasmtime.component import Component as WasmComponent

from edge_host.runner import Part, check_parts, run_workload
from provisioning import grants
from provisioning.component import BuiltComponent, load_workload
from tests.edge_host.bench import Bench, Recorder
from wire.descriptor import Component


class Example:
    """One example in an event loop, from its making to `stop`."""

    def __init__(
        self,
        bench: Bench,
        folder: Path,
        built: Mapping[str, BuiltComponent],
        change: Callable[[Component], Component] = lambda component: component,
    ) -> None:
        """`change` makes what a test needs of a component's part of the descriptor."""
        workload = grants.complete(load_workload(folder), [part.world for part in built.values()])
        components = [change(component) for component in workload.release.components]
        codes = [WasmComponent(bench.engine, part.path.read_bytes()) for part in built.values()]
        check_parts(bench.engine, codes, components)
        self.sink = Recorder()
        self.errors: list[str] = []
        parts = [Part(code, described, self.sink) for code, described in zip(codes, components, strict=True)]
        self._task = asyncio.create_task(run_workload(bench.host, workload.name, parts, self._called))

    def _called(self, _part: Part, error: str | None) -> None:
        if error is not None:
            self.errors.append(error)

    async def until(self, enough: Callable[[Recorder], bool], seconds: float = 60) -> None:
        """Wait until `enough`; fails when the example stops, a call of it fails, or it takes too long."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not enough(self.sink):
            if self._task.done():
                self._task.result()
            assert not self.errors, self.errors
            assert loop.time() < deadline, (self.sink.measured, self.sink.lines[-5:], self.sink.limits)
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """End it."""
        self._task.cancel()
        await asyncio.wait([self._task])
