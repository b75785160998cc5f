"""Every record that the agent was told is kept is in the fleet's database exactly once, whatever dies in between.

`make chaos` does this for longer (`PETIOLE_RUNS`, `PETIOLE_SEED`).
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.site import Outcome, Site
from tests.fleet.helpers import wait_until

pytestmark = [pytest.mark.system, pytest.mark.timeout(7200)]

RUNS = int(os.environ.get("PETIOLE_RUNS", "5"))
SEED = int(os.environ.get("PETIOLE_SEED", "1"))
LONG = RUNS > 5
VICTIMS = ("agent", "leaf", "leaf-server", "hub", "fleet")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path) as made:
        yield made


def check(site: Site, outcome: Outcome) -> None:
    print(f"\n{outcome}; killed {dict(site.kills)}")
    assert outcome.sent > 0
    assert (outcome.lost, outcome.duplicated) == (0, 0), outcome
    assert outcome.extra <= site.kills["agent"] + 1


def wait_stored(site: Site, more_than: int) -> None:
    """As long as an agent may pause after many short connections, and as a busy machine needs to start everything."""
    end = time.monotonic() + 180
    while site.outcome().stored <= more_than:
        assert time.monotonic() < end, f"waited 180 s for more than {more_than} stored records"
        time.sleep(0.2)


def test_any_process_may_be_killed_at_any_time(site: Site) -> None:
    dice = random.Random(SEED)
    site.start()
    wait_stored(site, 0)
    for run in range(RUNS):
        victim = VICTIMS[run % len(VICTIMS)] if not LONG else dice.choice(VICTIMS)
        time.sleep(dice.uniform(0, 3))
        site.kill(victim)
        time.sleep(dice.uniform(0, 1))
        if victim in ("agent", "leaf", "fleet"):
            site.start(victim)
    check(site, site.settle(300))


@pytest.mark.parametrize("broker", ["hub", "mosquitto"])
def test_the_broker_may_be_another_one(tmp_path: Path, broker: str) -> None:
    with Site(tmp_path, broker=broker) as site:
        site.start()
        wait_stored(site, 0)
        for _ in range(RUNS // 5):
            for victim in (broker, "agent", "fleet"):
                site.to_leaf.swallow()
                site.kill(victim)
                if victim != "hub":
                    site.start(victim)
                site.to_leaf.mend()
                wait_stored(site, site.outcome().stored)
        check(site, site.settle())


def test_lines_may_be_cut_slow_and_dead(site: Site) -> None:
    dice = random.Random(SEED)
    site.start()
    wait_stored(site, 0)
    for _ in range(RUNS if LONG else 3):
        line = dice.choice((site.to_leaf, site.to_hub))
        line.delay, line.rate = dice.choice(((0.0, None), (0.2, None), (0.0, 20_000.0)))
        time.sleep(dice.uniform(0, 2))
        dice.choice((line.cut, line.swallow))()
        time.sleep(dice.uniform(0, 3))
        line.mend()
    check(site, site.settle(300))


def test_a_leaf_may_lose_its_store(site: Site) -> None:
    site.start()
    for _ in range(RUNS // 5):
        wait_stored(site, site.outcome().stored)
        site.to_hub.cut()
        time.sleep(1)
        site.lose_leaf_store()
        site.to_hub.mend()
    check(site, site.settle())


def test_a_full_disk_refuses_and_what_was_kept_arrives(site: Site) -> None:
    site.start("agent", file_limit=60_000)
    wait_until(lambda: site.has("refused"), "a refusal")
    site.kill("agent")
    kept = len(site.noted())
    site.start()
    wait_stored(site, kept)
    check(site, site.settle())


def test_the_clock_may_be_set_back_and_forth(site: Site) -> None:
    site.start()
    for offset in (0, -86_400 * 365, 86_400 * 30, -3_600):
        site.tell("clock", str(offset))
        wait_stored(site, site.outcome().stored + 20)
        site.kill("agent")
        site.start("agent")
    check(site, site.settle())


def test_a_day_without_the_fleet(site: Site) -> None:
    """24 hours pass on the agent's clock with a record each second (each ten seconds in the short run)."""
    count = 86_400 if LONG else 8_640
    site.start("agent")
    site.tell("burst", str(count))
    while len(site.noted()) < count // 2:
        time.sleep(1)
    site.kill("agent")
    site.tell("burst", str(count // 2))
    site.start("agent")
    while site.has("burst"):
        time.sleep(1)
    site.start("fleet", "leaf")
    outcome = site.settle(300)
    assert outcome.sent >= count
    check(site, outcome)
