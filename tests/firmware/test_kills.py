"""Power that fails during updates. `make kills` runs 200 cuts on each board; a test run does a few of them."""

import os

import pytest

from hil.board import BoardUnderTest
from tests.firmware import boards, kills

pytestmark = [pytest.mark.system, pytest.mark.timeout(3_600), boards.each()]

CUTS = int(os.environ.get("PETIOLE_CUTS", "15"))
SEED = int(os.environ.get("PETIOLE_SEED", "4"))


def test_no_update_is_lost_when_power_fails(board: BoardUnderTest) -> None:
    report = kills.run(board, CUTS, SEED)
    print(f"{board.name}: {report.cuts} cuts with seed {SEED}; found after them: {dict(report.states)}")
    assert report.cuts == CUTS
