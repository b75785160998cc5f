"""Both emulated boards with their real firmware: serial line, flash over power cuts, reset, facts."""

import pytest

from hil.board import BoardUnderTest
from wire.smp import Petiole

BOARDS = [pytest.param(name, marks=pytest.mark.board(name)) for name in ("qemu-an505", "qemu-riscv32")]

pytestmark = [pytest.mark.system, pytest.mark.parametrize("name", BOARDS)]

ENROLMENT = {"device": "bench-1", "site": "bench", "anchors": [bytes(range(32))], "entropy": bytes(32)}


def test_facts_are_those_of_the_board_file(board: BoardUnderTest, name: str) -> None:
    with board.client() as client:
        facts = client.facts()
    assert facts["board"] == name
    assert facts["labels"] == board.description.labels
    assert facts["workloads"] == board.description.workloads.count
    assert facts["slot"] == board.description.workloads.slot
    assert facts["heap"]["size"] == board.description.memory.heap
    assert 0 < facts["heap"]["used"] <= facts["heap"]["peak"] < facts["heap"]["size"]


def test_no_byte_is_lost_in_bursts(board: BoardUnderTest, name: str) -> None:
    with board.client() as client:
        for length in (1, 90, 500, 1900):
            text = "x" * length
            assert client.echo(text) == text


def test_noise_on_the_line_is_passed_over(board: BoardUnderTest, name: str) -> None:
    board.dut.write(b"\x06\x09not base64\n\xff\x00\x06\x09" + b"A" * 5000 + b"\n\x04\x14AAAA\n")
    with board.client() as client:
        assert client.echo("still here") == "still here"


def test_identity_survives_the_plug(board: BoardUnderTest, name: str) -> None:
    with board.client() as client:
        key = client.write(Petiole.ENROLL, ENROLMENT)["key"]
        before = client.facts()
    board.restart()
    with board.client() as client:
        after = client.facts()
    assert (after["device"], after["site"], after["key"]) == ("bench-1", "bench", key)
    assert after["anchors"] == before["anchors"]
    assert after["boot"] == before["boot"] + 1


def test_reset_restarts_the_firmware_over_the_same_flash(board: BoardUnderTest, name: str) -> None:
    process = board.emulator.pid
    with board.client() as client:
        client.write(Petiole.ENROLL, ENROLMENT)
        before = client.facts()
        client.reset()
    board.emulator.wait_ready(board.port)
    with board.client() as client:
        after = client.facts()
    assert after["boot"] == before["boot"] + 1
    assert after["device"] == "bench-1"
    assert board.emulator.pid == process


def test_only_the_regions_in_use_are_written(board: BoardUnderTest, name: str) -> None:
    with board.client() as client:
        client.write(Petiole.ENROLL, ENROLMENT)
    board.pull_plug()
    flash = board.description.flash
    data = (board.folder / "data.img").read_bytes()[: flash.size]
    for region in ("settings", "journal"):
        place = flash.regions[region]
        assert data[place.offset : place.end].count(0xFF) < place.size, region
    rest = flash.regions["workloads"].offset
    assert data.count(0xFF, rest) == flash.size - rest
