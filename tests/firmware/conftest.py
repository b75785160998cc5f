"""A desk around a board. PlatformIO runs the modules of its platform from their folder: here they are importable."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.board import BoardUnderTest
from tests.firmware import desk as desks
from tests.firmware.desk import Desk

sys.path.append(str(Path(__file__).parents[2] / "firmware" / "platform" / "builder"))


@pytest.fixture
def desk(board: BoardUnderTest) -> Iterator[Desk]:
    """The test's board, enrolled, with its events listened to."""
    with desks.at(board) as desk:
        yield desk
