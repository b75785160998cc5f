"""The emulated boards as parameters: each test of a board runs on both."""

from collections.abc import Sequence

import pytest

NAMES = ("qemu-an505", "qemu-riscv32")


def each(options: Sequence[str] = ()) -> pytest.MarkDecorator:
    """Runs a test, which takes the fixture `board` or `desk`, on every emulated board; `options` go to QEMU."""
    boards = [pytest.param(marks=pytest.mark.board(name, options=options), id=name) for name in NAMES]
    return pytest.mark.parametrize((), boards)


VIRTUAL_TIME = ("-icount", "shift=4,sleep=on")
"""An instruction takes 16 ns of the board's time however slow this machine is: lateness can be judged."""
