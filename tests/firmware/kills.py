"""An update of a board whose power fails at a random instant, again and again; the seed decides all of it.

What is checked after each cut: the board boots, the release before runs or the new one does, and no other; and the same
update, begun again, comes to its end.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from hil.board import BoardUnderTest
from provisioning import desk_install
from provisioning.errors import ProvisioningError
from provisioning.smp_client import SmpClient
from tests.firmware import desk as desks
from tests.firmware import probe
from tests.firmware.probe import behaving, workload
from wire.suit import Envelope

ANSWER_SECONDS = 0.5
"""How long a board without power is waited for."""

STATES = {"downloading", "staged", "probation", "confirmed"}
AGAIN = "error: the board was restarted again and again during probation"


@dataclass
class Report:
    """How many cuts there were, and what state the workload was in after them."""

    cuts: int = 0
    states: Counter[str] = field(default_factory=Counter)


def _releases(desk: "desks.Desk") -> Iterator[tuple[str, bytes]]:
    """Releases with new code each, so that every update sends and writes all of it."""
    number = 1
    while True:
        version = str(number)
        code = probe.marked(probe.small_code(), version.encode().rjust(16, b"\0"))
        yield version, desk.bundle(workload("app", behaving("fine", every=50), version=version), code)
        number += 1


def run(board: BoardUnderTest, cuts: int, seed: int) -> Report:
    """Update the board until its power has failed `cuts` times; every update is gone on with until it is confirmed."""
    chance = random.Random(seed)
    report = Report()
    with desks.at(board) as desk:
        desk.events.stop()
        releases = _releases(desk)
        running, bundle = next(releases)
        _update(desk.client, bundle)
        version, bundle = next(releases)
        began = time.monotonic()
        _update(desk.client, bundle)
        duration = time.monotonic() - began
        while report.cuts < cuts:
            running, (version, bundle) = version, next(releases)
            while report.cuts < cuts and _is_cut_off(board, bundle, chance.uniform(0, duration)):
                report.cuts += 1
                board.power_on()
                report.states[_check(desk.client, running, version)] += 1
            _update(desk.client, bundle)
            row = desk.row("app")
            assert (row["version"], row["state"], row["reason"]) == (version, "confirmed", "")
    return report


def _is_cut_off(board: BoardUnderTest, bundle: bytes, seconds: float) -> bool:
    """Begin or go on with an update and pull the plug after so many seconds; whether the update was cut off."""
    plug = threading.Timer(seconds, board.pull_plug)
    plug.start()
    try:
        with SmpClient(board.port, seconds=ANSWER_SECONDS) as client:
            _update(client, bundle)
    except ProvisioningError:
        plug.join()
        return True
    plug.cancel()
    plug.join()
    if not board.emulator.running:
        board.power_on()
    return False


def _update(client: SmpClient, bundle: bytes) -> None:
    manifest = Envelope.parse(bundle).manifest
    row = desk_install.workload(client, "app")
    if row is None or row["release"] != manifest.digest or row["state"] not in ("probation", "confirmed"):
        desk_install.install(client, bundle)
    desk_install.confirm(client, "app", seconds=10)


def _check(client: SmpClient, running: str, version: str) -> str:
    """Fails unless the old or the new release is there, whole; the state of the new one, or `untouched`."""
    row = desk_install.workload(client, "app")
    assert row is not None, "the workload is gone"
    state = str(row["state"])
    if row["version"] == running:
        assert (state, row["reason"]) == ("confirmed", ""), row
        state = "untouched"
    elif state == "rolled-back":
        assert (row["version"], row["reason"]) == (version, AGAIN), row
    else:
        assert row["version"] == version and state in STATES and not row["reason"], row
    if state not in ("untouched", "confirmed"):
        assert row["previous"] == running, row
    calls, until = row["calls"], time.monotonic() + 10
    while (row := desk_install.workload(client, "app") or row)["calls"] <= calls:
        assert time.monotonic() < until, f"nothing runs: {row}"
    return state
