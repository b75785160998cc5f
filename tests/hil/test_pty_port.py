"""A pseudo-terminal before a TCP port."""

import os
import socket
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from hil.pty_port import PtyPort


@contextmanager
def line() -> Iterator[tuple[PtyPort, socket.socket]]:
    """A terminal, and the board's end of the line."""
    server = socket.create_server(("127.0.0.1", 0))
    with server, PtyPort(f"socket://127.0.0.1:{server.getsockname()[1]}") as port:
        board, _ = server.accept()
        with board:
            board.settimeout(5)
            yield port, board


def test_bytes_pass_both_ways_unchanged() -> None:
    data = bytes(range(256))
    with line() as (port, board):
        program = os.open(port.path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(program)
        os.write(program, data)
        received = b""
        while len(received) < len(data):
            received += board.recv(4096)
        board.sendall(data)
        returned = b""
        while len(returned) < len(data):
            returned += os.read(program, 4096)
        os.close(program)
    assert received == returned == data


def test_a_board_that_talks_to_nobody_holds_nobody_up() -> None:
    with line() as (_, board):
        for _ in range(64):
            board.sendall(bytes(4096))
