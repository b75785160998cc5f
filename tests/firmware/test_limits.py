"""Every limit of a component, broken by one, while its neighbour keeps its pace (formats.md section 5)."""

from typing import Any

import pytest

from tests.firmware import boards
from tests.firmware.desk import Desk
from tests.firmware.probe import behaving, workload
from wire.descriptor import Component, Limits

pytestmark = [pytest.mark.system, boards.each(boards.VIRTUAL_TIME)]

PACE = 20
LATE = 100
"""Milliseconds: how often the neighbour is called, and how late a call may be while the line is busy with events."""

START = 100
"""Milliseconds, by the board's clock, that a workload that is started again may hold the others: the digests of
envelope and code are made before it, and the code is loaded. Its signature was checked in this boot."""

SOON = 2_000
"""Milliseconds after which the breaker runs first: it is confirmed by then."""

STOPPED: dict[str, tuple[Component, int]] = {
    "fuel-per-call": (behaving("forever", every=SOON, limits=Limits(fuel_per_call=300_000)), 300_000),
    "memory": (behaving("memory", every=SOON, limits=Limits(memory=32_768)), 32_768),
    "stack": (behaving("stack", every=SOON, limits=Limits(stack=2_048)), 2_048),
    "handles": (behaving("handles", every=SOON, limits=Limits(handles=4)), 4),
    "host-call-bytes": (
        behaving("host-call-bytes", every=SOON, bytes=2_000, limits=Limits(host_call_bytes=1_500)),
        1_500,
    ),
}
"""What stops a component: who breaks it, and the limit's value."""

HELD: dict[str, tuple[Component, int]] = {
    "messages-per-second": (behaving("messages", every=400, times=8, limits=Limits(messages_per_second=5)), 5),
    "telemetry-bytes-per-hour": (
        behaving("telemetry", every=400, times=8, limits=Limits(telemetry_bytes_per_hour=200)),
        200,
    ),
    "key-value-bytes": (behaving("key-value", every=400, bytes=100, limits=Limits(key_value_bytes=300)), 300),
}
"""What a component is held to: it goes on with less."""


class Neighbour:
    """The workload `pace`, from now on."""

    def __init__(self, desk: Desk) -> None:
        desk.run(workload("pace", behaving("pace", every=PACE)))
        self._desk = desk

    def _gaps(self) -> list[Any]:
        return self._desk.measured("pace", "gap")

    def keeps_pace(self, late: int = LATE) -> None:
        """Fails when one of its calls is later than `late` milliseconds in the seconds that follow."""
        start = len(self._gaps()) + 1
        self._desk.events.wait(lambda _: len(self._gaps()) >= start + 1, seconds=60)
        assert max(self._gaps()[start:]) <= (PACE + late) / 1000


def breaks(desk: Desk, limit: str, breaker: Component, value: int) -> str:
    """Let a workload of the limit's name break it; the workload's name, once the breach was told."""
    name = f"breaks-{limit}"[:32].rstrip("-")
    desk.run(workload(name, breaker))
    told = desk.events.first(name, "limit")
    assert (told["n"], told["v"], told["comp"]) == (limit, value, "probe")
    return name


def test_who_breaks_a_limit_is_stopped(desk: Desk) -> None:
    neighbour = Neighbour(desk)
    for limit, (breaker, value) in STOPPED.items():
        name = breaks(desk, limit, breaker, value)
        stop = desk.events.first(name, "stop")
        word = limit.removesuffix("-per-call")
        assert stop["reason"].startswith(f"{word}:") and stop["trap"] == word
        # The workload is started again a second later, and again.
        assert stop["fuel"] <= breaker.limits.fuel_per_call
        assert stop["mem"] <= breaker.limits.memory
        assert desk.row(name)["reason"].startswith(f"{word}:")
        neighbour.keeps_pace(late=START)
        desk.remove(name)


def test_who_breaks_a_rate_is_held_to_it(desk: Desk) -> None:
    neighbour = Neighbour(desk)
    for limit, (breaker, value) in HELD.items():
        name = breaks(desk, limit, breaker, value)
        calls = desk.row(name)["calls"]
        neighbour.keeps_pace()
        row = desk.row(name)
        assert row["calls"] > calls
        assert (row["state"], row["reason"]) == ("confirmed", "")
        desk.remove(name)


def test_fuel_comes_back_at_its_rate(desk: Desk) -> None:
    """A component that would compute all the time gets what its refill allows, and no more."""
    neighbour = Neighbour(desk)
    limits = Limits(fuel_per_call=1_000_000, fuel_per_second=500_000)
    desk.run(workload("breaker", behaving("busy", every=1, loops=20_000, limits=limits)))
    starts = [(desk.row("breaker")["calls"], desk.client.facts()["up"])]
    neighbour.keeps_pace()
    neighbour.keeps_pace()
    starts.append((desk.row("breaker")["calls"], desk.client.facts()["up"]))
    (first, began), (last, ended) = starts
    fuel_of_a_call = 100_000
    most = limits.fuel_per_call + limits.fuel_per_second * (ended - began) / 1000
    assert 0 < (last - first) * fuel_of_a_call <= most
