"""Every conformance guest on both emulated boards."""

import time

import pytest

from hil.board import BoardUnderTest
from provisioning import desk_install
from provisioning.bundle import Target
from tests.conformance.guests import ON_BOARDS, Guest
from tests.firmware import boards
from tests.firmware import desk as desks
from tests.firmware.desk import SEED, Desk

WAIT_SECONDS = 60.0


def results(desk: Desk, guest: Guest) -> dict[str, bool]:
    """What the guest reports of its checks, once it did or the time is over."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        told = {event["n"]: event["v"] for event in desk.events.of(guest.workload, "telemetry")}
        found = {name: bool(told[name]) for name in guest.expected if name in told}
        if len(found) == len(guest.expected) or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


@pytest.mark.system
@pytest.mark.timeout(900)
@boards.each()
def test_guests_report_every_check(board: BoardUnderTest) -> None:
    reported = {}
    with desks.at(board) as desk:
        for guest in ON_BOARDS:
            desk_install.install(desk.client, guest.bundle(SEED, Target.BOARD))
            reported[guest.name] = results(desk, guest)
            desk.remove(guest.workload)
    assert reported == {guest.name: guest.expected for guest in ON_BOARDS}
