"""One user a board: locks across processes, with the holder's name, gone with the process."""

import subprocess
import sys

import pytest

from hil.errors import BusyError
from hil.locks import locked

HOLD = "import sys; from hil.locks import locked; from pathlib import Path\n"
HOLD += "with locked(Path(sys.argv[1]), 'b', purpose='a long test'): print('held', flush=True); sys.stdin.read()"


@pytest.fixture
def other(tmp_path):
    """Another process that holds the lock of board `b`."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_second_process_learns_who_holds_the_board(other, tmp_path):
    with pytest.raises(BusyError) as caught, locked(tmp_path, "b"):
        pytest.fail("two processes hold one lock")
    assert f"held by process {other.pid} on " in str(caught.value)
    assert "(a long test)" in str(caught.value)


def test_other_boards_are_free(other, tmp_path):
    with locked(tmp_path, "c"):
        pass


def test_lock_goes_with_a_killed_process(other, tmp_path):
    other.kill()
    other.wait()
    with locked(tmp_path, "b", seconds=10):
        pass


def test_waiting_ends_when_the_holder_is_done(other, tmp_path):
    other.stdin.close()
    with locked(tmp_path, "b", seconds=30):
        pass


def test_lock_is_free_after_an_exception(tmp_path):
    with pytest.raises(ZeroDivisionError), locked(tmp_path, "b"):
        raise ZeroDivisionError
    with locked(tmp_path, "b"):
        pass
