"""Examples for small boards: built by the normal tools, small enough, and run by the edge host."""

from __future__ import annotations

import asyncio

import pytest
from wasmtime.component import Component as WasmComponent

from edge_host.runner import Part, check_parts, run_workload
from provisioning import grants
from provisioning.component import load_workload
from tests.edge_host.bench import Bench
from tests.examples.conftest import EXAMPLES, BuildExample
from wire.descriptor import Component

SENSOR_READER_BYTES = 16_384
"""What a sensor reader may have as compiled for boards."""


async def run(bench: Bench, name: str, build_example: BuildExample, calls: int) -> None:
    """Run an example until so many of its calls went well."""
    built = build_example(name)
    workload = grants.complete(load_workload(EXAMPLES / name), [part.world for part in built.values()])
    components: tuple[Component, ...] = workload.release.components
    codes = [WasmComponent(bench.engine, part.path.read_bytes()) for part in built.values()]
    check_parts(bench.engine, codes, components)
    left = asyncio.Semaphore(0)

    def called(_part: Part, error: str | None) -> None:
        assert error is None
        left.release()

    parts = [Part(code, described, bench.sink) for code, described in zip(codes, components, strict=True)]
    running = asyncio.create_task(run_workload(bench.host, name, parts, called))
    for _ in range(calls):
        waiting = asyncio.create_task(left.acquire())
        await asyncio.wait([running, waiting], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
    running.cancel()
    await asyncio.wait([running])


@pytest.mark.parametrize("name", ["lm75"])
def test_a_sensor_reader_is_small_and_reads_its_sensor(name: str, build_example: BuildExample, bench: Bench) -> None:
    (built,) = build_example(name).values()
    assert built.compiled_size <= SENSOR_READER_BYTES
    asyncio.run(run(bench, name, build_example, 2))
    assert bench.sink.measured == [("temperature", "Cel", 23.5)] * 2


def test_components_of_a_workload_call_each_other(build_example: BuildExample, bench: Bench) -> None:
    asyncio.run(run(bench, "composition", build_example, 1))
    bench.world.write_text("25.5")
    asyncio.run(run(bench, "composition", build_example, 1))
    assert bench.sink.measured == [
        (name, "Cel", value)
        for value in (23.5, 25.5)
        for name in ("temperature", "temperature-lowest", "temperature-highest")
    ]
