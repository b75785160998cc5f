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
    UnavailableError,
    Wire,
)
from tests.chaos.site import Site
from tests.chaos.test_records import LONG, RUNS, SEED, check, wait_stored
from tests.fleet.helpers import wait_until

pytestmark = [pytest.mark.system, pytest.mark.timeout(7200)]

BROKERS = ("hub", "tls", "leaf", "mosquitto")
LINES = {"2g": TWO_G, "satellite": SATELLITE, "messy": MESSY}
RATE = 20
"""Records a second, which even the slowest line can carry."""


def brokers(*short: str) -> pytest.MarkDecorator:
    """All of them in the long form."""
    return pytest.mark.parametrize("site", BROKERS if LONG else short, indirect=True)


@pytest.fixture
def wire() -> Iterator[Wire]:
    try:
        made = Wire(SEED)
    except UnavailableError as error:
        pytest.skip(f"{error} (tests/chaos/test_records.py does it with proxies)")
    yield made
    made.close()


@pytest.fixture
def site(tmp_path: Path, wire: Wire, request: pytest.FixtureRequest) -> Iterator[Site]:
    with Site(tmp_path, rate=RATE, broker=request.param, wire=wire) as made:
        made.start()
        wait_stored(made, 0)
        yield made


def told(wire: Wire) -> None:
    for way in (wire.there, wire.back):
        print(f"packets passed {way.passed} ({way.bytes} bytes), dropped {way.dropped}")


@pytest.mark.parametrize(
    ("site", "line"),
    [(broker, line) for broker in BROKERS for line in LINES]
    if LONG
    else [("tls", "2g"), ("leaf", "satellite"), ("mosquitto", "messy")],
    indirect=["site"],
)
def test_slow_and_lossy_lines_carry_everything(site: Site, wire: Wire, line: str) -> None:
    wire.impair(LINES[line])
    before = site.outcome().stored
    time.sleep(60 if LONG else 2)
    wait_until(lambda: site.outcome().stored > before, "records that came over the bad line")
    told(wire)
    check(site, site.settle())


@brokers("hub")
def test_a_flapping_line_carries_everything(site: Site, wire: Wire) -> None:
    dice = random.Random(SEED)
    for _ in range(RUNS if LONG else 2):
        wire.impair(dice.choice((TWO_G, SATELLITE, MESSY, GOOD)))
        time.sleep(dice.uniform(0.5, 5 if LONG else 2))
        wire.impair(BLACKHOLE)
        time.sleep(dice.uniform(0.5, 5 if LONG else 2))
    told(wire)
    check(site, site.settle())


@brokers("leaf")
@pytest.mark.parametrize("there", [True, False], ids=["to-fleet", "from-fleet"])
def test_packets_that_vanish_in_one_direction_are_found_out(site: Site, wire: Wire, there: bool) -> None:
    wire.impair(*((BLACKHOLE, GOOD) if there else (GOOD, BLACKHOLE)))
    time.sleep(150 if LONG else 3)
    check(site, site.settle())


@brokers("hub")
def test_what_gathered_in_an_outage_comes_over_the_slowest_line(site: Site, wire: Wire) -> None:
    """A connection is made over it too, which takes more than a second for each way and back."""
    wire.impair(BLACKHOLE)
    site.tell("pause")
    count = 3000 if LONG else 100
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
