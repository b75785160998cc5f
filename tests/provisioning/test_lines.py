"""A TCP port as a board's line: what passes, and what is said when it cannot be opened or goes away."""

import socket
import threading
import time

import pytest

from provisioning import lines
from provisioning.errors import PortError
from provisioning.smp_client import SmpClient


@pytest.fixture
def listening_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def address(listening):
    return f"socket://127.0.0.1:{listening.getsockname()[1]}"


def test_bytes_pass_both_ways(listening_port):
    line = lines.open_line(address(listening_port), 115_200)
    board, _ = listening_port.accept()
    with board:
        line.write(b"\x00\xff")
        assert board.recv(10) == b"\x00\xff"
        board.sendall(b"answer")
        assert line.read() == b"answer"
        assert line.read() == b""  # nothing comes: that is no end
    with pytest.raises(OSError, match="closed at the other end"):
        line.read()
    line.close()


def test_an_emulator_that_listens_a_moment_later_is_waited_for(listening_port):
    port = address(listening_port)
    listening_port.close()
    late = threading.Timer(lines.OPEN_PAUSE_SECONDS * 2, lambda: opened.append(socket.create_server(place)))
    opened: list[socket.socket] = []
    place = ("127.0.0.1", int(port.rpartition(":")[2]))
    late.start()
    lines.open_line(port, 115_200).close()
    late.join()
    opened[0].close()


@pytest.mark.parametrize("port", ["socket://", "socket://127.0.0.1", "socket://127.0.0.1:none", "gopher://x"])
def test_an_address_that_is_none(port):
    with pytest.raises(PortError, match="the port cannot be opened"):
        SmpClient(port)


def test_a_line_that_breaks_is_told_at_once(listening_port):
    begun = time.monotonic()
    with SmpClient(address(listening_port), seconds=60) as client:
        listening_port.accept()[0].close()
        with pytest.raises(PortError, match="the line broke"):
            client.facts()
    assert time.monotonic() - begun < 60
