"""The examples on both emulated boards: installed over the serial line, run, and heard of through telemetry."""

from __future__ import annotations

import time

import pytest

from hil.board import BoardUnderTest
from provisioning import bundle, desk_install
from provisioning.bundle import Target
from tests.examples.conftest import EXAMPLES, BuildExample
from tests.firmware import boards
from tests.firmware import desk as desks
from tests.firmware.desk import SEED, Desk

WAIT_SECONDS = 60.0
SENSES = (-40.0, 125.0)
"""What a TMP105 can sense, in degrees Celsius."""

SENSOR_READER = 16 * 1024
"""Bytes that boards run of a component that reads a sensor, at most."""


def readings(desk: Desk, workload: str, quantity: str, count: int) -> list[float]:
    """The first values of a quantity, once there are so many."""
    deadline = time.monotonic() + WAIT_SECONDS
    while len(found := desk.measured(workload, quantity)) < count:
        assert time.monotonic() < deadline, desk.events.of(workload, "stop")
        time.sleep(0.1)
    return found[:count]


@pytest.mark.system
@pytest.mark.parametrize("name", ["lm75", "thermometer-c"])
def test_sensor_readers_are_small(name: str, build_example: BuildExample) -> None:
    """A driver from crates.io, unchanged, and one in C."""
    assert build_example(name)[name].compiled_size <= SENSOR_READER


@pytest.mark.system
@pytest.mark.timeout(900)
@boards.each()
def test_examples_read_the_boards_sensor(board: BoardUnderTest, build_example: BuildExample) -> None:
    with desks.at(board) as desk:
        for number, name in enumerate(("lm75", "thermometer-c", "composition"), start=1):
            build_example(name)
            release = bundle.make_from_file(EXAMPLES / name, SEED, Target.BOARD, sequence=number, build=False)
            desk_install.install(desk.client, release.data)
            desk_install.confirm(desk.client, name, WAIT_SECONDS)
            values = readings(desk, name, "temperature", 2)
            assert all(SENSES[0] <= value <= SENSES[1] for value in values)
            if name == "composition":
                lowest = readings(desk, name, "temperature-lowest", 1)
                highest = readings(desk, name, "temperature-highest", 1)
                assert lowest[0] <= values[0] <= highest[0]
            desk.remove(name)
