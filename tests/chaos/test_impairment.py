"""The two ways to make a line bad say the same: packets passed on by us, and the kernel's netem."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.chaos import impairment as module
from tests.chaos.impairment import (
    BLACKHOLE,
    GOOD,
    GSM,
    MESSY,
    SATELLITE,
    TWO_G,
    Impairment,
    Netem,
    UnavailableError,
    Wire,
    netem_at,
)

ARGUMENTS = {
    GOOD: "delay 0ms 0ms",
    BLACKHOLE: "delay 0ms 0ms loss 100%",
    GSM: "delay 600ms 100ms loss 5% rate 9600bit limit 48",
    TWO_G: "delay 400ms 100ms loss 5% rate 50000bit limit 50",
    SATELLITE: "delay 300ms 20ms loss 1% rate 500000bit limit 62",
    MESSY: "delay 50ms 40ms loss 2% duplicate 5% reorder 10%",
}


class FakeTc:
    """A program `tc` that notes how it was called, and refuses what is in `refuses`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        self.refuses = folder / "refuses"
        folder.mkdir()
        program = folder / "tc"
        program.write_text(
            f'#!/bin/sh\necho "$SIDE: $*" >> {self.calls}\n'
            f'if [ -e {self.refuses} ]; then echo "Error: Specified qdisc kind is unknown." >&2; exit 2; fi\n'
        )
        program.chmod(0o755)

    def called(self) -> list[str]:
        lines = self.calls.read_text().splitlines()
        self.calls.unlink()
        return lines


@pytest.fixture
def tc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeTc:
    made = FakeTc(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(made.folder), prepend=":")
    return made


PLACES = ((["env", "SIDE=near"], "pt0n"), (["env", "SIDE=far"], "pt0f"))


@pytest.mark.parametrize(("line", "arguments"), ARGUMENTS.items(), ids=str)
def test_every_number_of_a_line_is_told_to_netem(line: Impairment, arguments: str) -> None:
    assert " ".join(line.netem()) == arguments


@pytest.mark.skipif(shutil.which("tc") is None, reason="the program tc is missing")
@pytest.mark.parametrize("line", ARGUMENTS, ids=str)
def test_tc_understands_it(line: Impairment) -> None:
    """It reads all arguments before it looks for the device."""
    command = ["tc", "qdisc", "replace", "dev", "nowhere0", "root", "netem", *line.netem()]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    assert said.strip() == 'Cannot find device "nowhere0"'


def test_each_way_has_its_own_line(tc: FakeTc) -> None:
    kernel = netem_at(*PLACES)
    assert kernel is not None
    good = f"qdisc replace dev {{}} root netem {ARGUMENTS[GOOD]}".format
    assert tc.called() == [f"near: {good('pt0n')}", f"far: {good('pt0f')}"]
    kernel.impair(GSM, MESSY)
    assert tc.called() == [
        f"near: qdisc replace dev pt0n root netem {ARGUMENTS[GSM]}",
        f"far: qdisc replace dev pt0f root netem {ARGUMENTS[MESSY]}",
    ]


def test_a_kernel_without_netem_is_noticed_and_one_that_fails_later_ends_the_test(tc: FakeTc) -> None:
    tc.refuses.touch()
    assert netem_at(*PLACES) is None
    with pytest.raises(UnavailableError, match="Specified qdisc kind is unknown"):
        Netem(*PLACES).impair(GOOD, GOOD)


def test_a_machine_without_tc_has_no_netem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert netem_at(*PLACES) is None


def wire() -> Wire:
    try:
        return Wire()
    except UnavailableError as error:
        pytest.skip(str(error))


def test_where_the_kernel_impairs_packets_they_are_passed_on_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[Impairment] = []

    class Kernel(Netem):
        def impair(self, *lines: Impairment) -> None:
            told.extend(lines)

    monkeypatch.setattr(module, "netem_at", Kernel)
    made = wire()
    try:
        made.impair(TWO_G, BLACKHOLE)
        assert told == [TWO_G, BLACKHOLE]
        assert (made.there.impairment, made.back.impairment) == (GOOD, GOOD)
    finally:
        made.close()


def test_where_it_does_not_we_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "netem_at", lambda *_: None)
    made = wire()
    try:
        made.impair(TWO_G)
        assert (made.there.impairment, made.back.impairment) == (TWO_G, TWO_G)
        made.impair(GOOD)
        ping = ["ping", "-c", "1", "-W", "10", module.FAR]
        if shutil.which("ping") is not None:
            assert subprocess.run([*made.near(), *ping], capture_output=True, check=False).returncode == 0
            assert made.there.passed >= 1
    finally:
        made.close()
