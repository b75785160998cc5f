"""Examples for small boards: built by the normal tools, small enough, and run by the edge host."""

from __future__ import annotations

import asyncio

import pytest

from tests.edge_host.bench import Bench
from tests.examples.conftest import EXAMPLES, BuildExample
from tests.examples.running import Example

SENSOR_READER_BYTES = 16_384
"""What a sensor reader may have as compiled for boards."""


@pytest.mark.parametrize("name", ["lm75", "thermometer-c"])
def test_a_sensor_reader_is_small_and_reads_its_sensor(name: str, build_example: BuildExample, bench: Bench) -> None:
    built = build_example(name)
    (reader,) = built.values()
    assert reader.compiled_size <= SENSOR_READER_BYTES

    async def check() -> None:
        example = Example(bench, EXAMPLES / name, built)
        await example.until(lambda sink: len(sink.measured) == 2)
        await example.stop()
        assert example.sink.measured == [("temperature", "Cel", 23.5)] * 2

    asyncio.run(check())


def test_components_of_a_workload_call_each_other(build_example: BuildExample, bench: Bench) -> None:
    built = build_example("composition")

    async def check() -> None:
        example = Example(bench, EXAMPLES / "composition", built)
        await example.until(lambda sink: len(sink.measured) == 3)
        bench.world.write_text("25.5")
        await example.until(lambda sink: len(sink.measured) == 6)
        await example.stop()
        assert example.sink.measured == [
            *(("temperature", "Cel", 23.5), ("temperature-lowest", "Cel", 23.5), ("temperature-highest", "Cel", 23.5)),
            *(("temperature", "Cel", 24.5), ("temperature-lowest", "Cel", 23.5), ("temperature-highest", "Cel", 25.5)),
        ]

    asyncio.run(check())
