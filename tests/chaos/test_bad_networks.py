"""Networks as they are in the field: slow, lossy, flapping, and silently dead in one direction.

Agent, leaf and hub speak the kernel's own TCP over a line that is impaired packet by packet (`tests.chaos.impairment`).
`make chaos` does this for longer.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.impairment import (
    BLACKHOLE,
    GOOD,
    GSM,
    MESSY,
    SATELLITE,
    TWO_G,
    Impairment,
    UnavailableError,
    Wire,
)
from tests.chaos.site import Site
from tests.chaos.test_records import LONG, RUNS, SEED, check, wait_stored
from tests.fleet.helpers import wait_until

pytestmark = [pytest.mark.system, pytest.mark.timeout(7200)]

BROKERS = ("hub", "tls", "leaf", "mosquitto")
RATE = 20
"""Records a second, which even the slowest line can carry."""


@pytest.fixture
def wire() -> Iterator[Wire]:
    try:
        made = Wire(SEED)
    except UnavailableError as error:
        pytest.skip(f"{error} (tests/chaos/test_records.py does it with proxies)")
    yield made
    made.close()


@pytest.fixture(params=BROKERS)
def site(tmp_path: Path, wire: Wire, request: pytest.FixtureRequest) -> Iterator[Site]:
    with Site(tmp_path, rate=RATE, broker=request.param, wire=wire) as made:
        made.start()
        wait_stored(made, 0)
        yield made


def told(wire: Wire) -> None:
    for way in (wire.there, wire.back):
        print(f"packets passed {way.passed} ({way.bytes} bytes), dropped {way.dropped}")


@pytest.mark.parametrize("line", [TWO_G, SATELLITE, MESSY], ids=["2g", "satellite", "messy"])
def test_slow_and_lossy_lines_carry_everything(site: Site, wire: Wire, line: Impairment) -> None:
    wire.impair(line)
    before = site.outcome().stored
    time.sleep(60 if LONG else 5)
    wait_until(lambda: site.outcome().stored > before, "records that came over the bad line")
    told(wire)
    check(site, site.settle())


def test_a_flapping_line_carries_everything(site: Site, wire: Wire) -> None:
    dice = random.Random(SEED)
    for _ in range(RUNS if LONG else 3):
        wire.impair(dice.choice((TWO_G, SATELLITE, MESSY, GOOD)))
        time.sleep(dice.uniform(0.5, 5))
        wire.impair(BLACKHOLE)
        time.sleep(dice.uniform(0.5, 5))
    told(wire)
    check(site, site.settle())


@pytest.mark.parametrize("there", [True, False], ids=["to-fleet", "from-fleet"])
def test_packets_that_vanish_in_one_direction_are_found_out(site: Site, wire: Wire, there: bool) -> None:
    wire.impair(*((BLACKHOLE, GOOD) if there else (GOOD, BLACKHOLE)))
    time.sleep(150 if LONG else 10)
    check(site, site.settle())


def test_what_gathered_in_an_outage_comes_over_the_slowest_line(site: Site, wire: Wire) -> None:
    """A connection is made over it too, which takes more than a second for each way and back."""
    wire.impair(BLACKHOLE)
    site.tell("pause")
    count = 3000 if LONG else 300
    site.tell("burst", str(count))
    wait_until(lambda: not site.has("burst"), "the records of the outage")
    site.kill("agent")
    wire.impair(GSM)
    site.start("agent")
    before = wire.there.bytes
    end = time.monotonic() + 900
    while site.outcome().lost and time.monotonic() < end:
        time.sleep(1)
    print(f"\n{wire.there.bytes - before} bytes for {count} records")
    check(site, site.settle())
