"""An update with the power cut after each write of its state: the old release or the new one, whole."""

from __future__ import annotations

import asyncio
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.edge_host import components
from tests.edge_host.bench import Bench
from tests.edge_host.fleet_double import Made, make_release
from tests.edge_host.power import Life
from wire.descriptor import Probation

OLD, NEW = 20.5, 21.0
QUICK = Probation(calls=2, seconds=20)
CUTS = range(1, 8)
"""Writes of an update: desired, offered, downloading, verified, staged, probation, and its end."""


@pytest.fixture(autouse=True)
def no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


def release(number: int, wasm: bytes) -> Made:
    return make_release("thermometer", wasm, number, every_ms=10, probation=QUICK)


FIRST = release(1, components.sender(OLD))
GOOD = release(2, components.sender(NEW))
BAD = release(2, components.trapping(0))
PAYLOADS = {made.desired.digest: made.payload for made in (FIRST, GOOD, BAD)}


def installed(folder: Path, bench: Bench) -> None:
    """A state folder whose release 1.0 is confirmed."""
    life = Life(folder, bench, PAYLOADS)
    asyncio.run(life.run(lambda: life.is_in("confirmed", "1.0"), FIRST))
    assert life.store.writes == CUTS[-1]


def survive(folder: Path, bench: Bench, made: Made, cut: int, end: tuple[str, str]) -> list[Life]:
    """Cut the power after write `cut` of an update, start again, and go on until the `end`."""
    before = Life(folder, bench, PAYLOADS, cut)
    asyncio.run(before.run(lambda: False, made))
    assert before.store.writes == cut
    after = Life(folder, bench, PAYLOADS)
    value = NEW if end[0] == "confirmed" else OLD
    asyncio.run(asyncio.wait_for(after.run(lambda: after.is_in(*end) and after.journal.measured.count(value) >= 2), 20))
    return [before, after]


@pytest.mark.parametrize("cut", CUTS)
def test_a_good_release_arrives_whole_wherever_the_power_is_cut(cut: int, bench: Bench, tmp_path: Path) -> None:
    installed(tmp_path / "state", bench)
    _, after = survive(tmp_path / "state", bench, GOOD, cut, ("confirmed", "2.0"))
    entry = after.entry()
    assert entry is not None
    assert entry.previous is None
    assert {file.name for file in (tmp_path / "state" / "payloads").iterdir()} == {GOOD.desired.digest.hex()}


@pytest.mark.parametrize("cut", CUTS)
def test_a_bad_release_leaves_the_old_one_whole_wherever_the_power_is_cut(
    cut: int, bench: Bench, tmp_path: Path
) -> None:
    installed(tmp_path / "state", bench)
    _, after = survive(tmp_path / "state", bench, BAD, cut, ("rolled-back", "2.0"))
    entry = after.entry()
    assert entry is not None
    assert (entry.previous, entry.reason) == ("1.0", "trap: unreachable")
    assert NEW not in after.journal.measured


@pytest.mark.parametrize("cut", CUTS)
def test_a_first_release_arrives_wherever_the_power_is_cut(cut: int, bench: Bench, tmp_path: Path) -> None:
    survive(tmp_path / "state", bench, GOOD, cut, ("confirmed", "2.0"))


def test_a_disk_that_is_full_for_a_while_only_delays(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_host.workload.RETRY_SECONDS", 0.01)
    installed(tmp_path / "state", bench)
    life = Life(tmp_path / "state", bench, PAYLOADS)
    fetch, failures = life.fetches.fetch, iter([OSError(28, "No space left on device")] * 3)

    async def full(*arguments: Any) -> None:
        if (error := next(failures, None)) is not None:
            raise error
        await fetch(*arguments)

    monkeypatch.setattr(life.fetches, "fetch", full)
    asyncio.run(asyncio.wait_for(life.run(lambda: life.is_in("confirmed", "2.0"), GOOD), 20))
    assert next(failures, None) is None


def test_the_power_may_be_cut_again_and_again(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "state"
    installed(folder, bench)
    made: Made | None = GOOD
    for _ in range(20):
        life = Life(folder, bench, PAYLOADS, cut=2)
        asyncio.run(life.run(lambda life=life: life.is_in("confirmed", "2.0"), made))  # type: ignore[misc]
        made = None
        if not life.store.writes:
            break
    assert life.is_in("confirmed", "2.0")
    shutil.rmtree(folder)
