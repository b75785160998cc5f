"""Enrolment of real firmware on emulated boards: what survives a pulled plug, and what is given only once."""

import json

import pytest

from provisioning.errors import DeviceRefusedError
from tests.provisioning.conftest import ANCHOR, SITE
from wire import cose
from wire.refusals import Refusal
from wire.smp import Petiole

pytestmark = pytest.mark.system
BOARDS = [pytest.param(marks=pytest.mark.board(name), id=name) for name in ("qemu-an505", "qemu-riscv32")]


@pytest.mark.parametrize((), BOARDS)
def test_identity_survives_a_pulled_plug_and_is_given_once(petiole, trusted, board):
    arguments = ("device", "enroll", "b-1", "--site", SITE, "--port", board.port, "--json")
    first = petiole(*arguments)
    assert first.exit_code == 0, first.output
    board.restart()
    with board.client() as client:
        facts = client.facts()
        assert (facts["device"], facts["site"], facts["anchors"]) == ("b-1", SITE, [cose.kid(ANCHOR)])
        with pytest.raises(DeviceRefusedError) as caught:
            client.write(Petiole.ENROLL, {"device": "b-2", "site": SITE, "anchors": [ANCHOR], "entropy": bytes(32)})
        assert caught.value.rc == Refusal.ALREADY_ENROLLED
    again = petiole(*arguments)
    assert json.loads(again.stdout)["public_key"] == json.loads(first.stdout)["public_key"]
    device = trusted.device("b-1")
    assert device.profile == facts["profile"]
    assert device.class_id is not None


@pytest.mark.parametrize((), BOARDS)
def test_two_boards_of_one_type_make_different_keys(petiole, trusted, board):
    """The key is made from entropy of the desk: the same board, erased, is somebody else."""
    petiole("device", "enroll", "b-1", "--site", SITE, "--port", board.port)
    board.pull_plug()
    flash = board.folder / "data.img"
    flash.write_bytes(b"\xff" * flash.stat().st_size)
    board.power_on()
    result = petiole("device", "enroll", "b-2", "--site", SITE, "--port", board.port)
    assert result.exit_code == 0, result.output
    assert trusted.device("b-1").public_key != trusted.device("b-2").public_key
