"""Busy neighbours do not make a handler late. Time is the board's own: one instruction, so many nanoseconds."""

import itertools

import pytest

from tests.firmware import boards
from tests.firmware.desk import Desk
from tests.firmware.probe import behaving, workload
from wire.descriptor import Limits

pytestmark = [pytest.mark.system, boards.each(boards.VIRTUAL_TIME)]

BUSY = Limits(fuel_per_call=50_000_000, fuel_per_second=200_000_000)
"""As much as a board allows: the component could compute all the time."""

PACE = 10
"""Milliseconds between two calls of the handler whose lateness is measured."""

LATE = 10
"""Milliseconds that a call may come later than a pace after the one before."""


def test_two_busy_components_do_not_delay_a_handler(desk: Desk) -> None:
    desk.run(workload("pace", behaving("pace", every=PACE)))
    desk.run(
        workload("busy-1", behaving("busy", every=1, limits=BUSY, loops=200_000)),
        workload("busy-2", behaving("busy", every=1, limits=BUSY, loops=200_000)),
    )
    before = len(desk.measured("pace", "gap")), desk.row("busy-1")["calls"], desk.row("busy-2")["calls"]
    desk.events.wait(lambda _: len(desk.measured("pace", "gap")) >= before[0] + 5, seconds=60)

    gaps, calls = (desk.measured("pace", quantity)[before[0] + 1 :] for quantity in ("gap", "calls"))
    print(f"lateness of a {1000 // PACE} Hz handler: at most {max(gaps) * 1000 - PACE:.1f} ms; calls a second {calls}")
    assert max(gaps) <= (PACE + LATE) / 1000
    assert min(calls) >= 0.9 * 1000 / PACE
    for name, count in zip(("busy-1", "busy-2"), before[1:], strict=True):
        assert desk.row(name)["calls"] > count, f"{name} starved"


def test_a_waiting_component_does_not_hold_the_others(desk: Desk) -> None:
    """Both sleep in their handler most of the time, and both keep their pace."""
    sleepy = [workload(f"sleepy-{n}", behaving("sleep", every=100, millis=80)) for n in (1, 2)]
    desk.run(*sleepy, workload("pace", behaving("pace", every=PACE)))
    installed = desk.client.facts()["up"]
    before = len(desk.measured("pace", "gap"))
    desk.events.wait(lambda _: len(desk.measured("pace", "gap")) >= before + 4, seconds=60)
    assert max(desk.measured("pace", "gap")[before + 1 :]) <= (PACE + LATE) / 1000
    for release in sleepy:
        ups = [event["up"] for event in desk.events.of(release.name, "telemetry") if event["up"] >= installed]
        gaps = [later - earlier for earlier, later in itertools.pairwise(ups)]
        assert max(gaps) <= 100 + 80, release.name
