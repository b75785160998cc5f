"""The tap: several clients on one line, and a log that people can read."""

import re
import socket
import threading
import time

import pytest
import serial

from hil.tap import SerialTap
from wire.smp import Decoder, Group, Message, Op, Os, encode_frames

ECHO = Message(Op.WRITE, Group.OS, Os.ECHO, 7, {"d": "hello"})
STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} ")


@pytest.fixture
def line(tmp_path):
    """A board's end of the line, and a tap on it."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        SerialTap(server.getsockname()[1], tmp_path / "serial.raw", tmp_path / "serial.log") as tap,
    ):
        board, _ = server.accept()
        assert tap.wait_connected(10)
        with board:
            board.settimeout(10)
            yield server, board, tap


def entries(tap, count):
    """The log's first lines, without their times."""
    deadline = time.monotonic() + 10
    while len(lines := tap.log.read_text().splitlines()) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    assert all(STAMP.match(text) for text in lines)
    return [STAMP.sub("", text) for text in lines]


def open_port(tap):
    return serial.serial_for_url(tap.port, timeout=10)


def test_every_client_sees_the_board_and_can_speak_to_it(line):
    _, board, tap = line
    with open_port(tap) as one, open_port(tap) as two:
        one.write(b"1")
        assert board.recv(10) == b"1"
        two.write(b"2")
        assert board.recv(10) == b"2"
        board.sendall(b"to both\n")
        assert one.readline() == two.readline() == b"to both\n"


def test_log_has_text_lines_and_smp_messages_of_both_directions(line):
    _, board, tap = line
    with open_port(tap) as port:
        port.write(encode_frames(ECHO.encode()))
        board.recv(1000)
        answer = Message(Op.WRITE_ANSWER, Group.OS, Os.ECHO, 7, {"r": bytes(20)})
        board.sendall(b"boot 1\r\n" + encode_frames(answer.encode()))
        assert entries(tap, 3) == [
            "> smp write 0/0 #7 d='hello'",
            "< boot 1",
            "< smp write_answer 0/0 #7 r=0000000000000000... (20 bytes)",
        ]


def test_raw_file_has_what_the_board_sent(line):
    _, board, tap = line
    board.sendall(b"\x00\xff\n")
    entries(tap, 1)
    assert tap.raw.read_bytes() == b"\x00\xff\n"


def test_board_that_was_away_is_tapped_again(line):
    server, board, tap = line
    with open_port(tap) as port:
        board.close()
        again, _ = server.accept()
        with again:
            assert tap.wait_connected(10)
            again.sendall(b"back\n")
            assert port.readline() == b"back\n"


def test_client_that_leaves_does_not_disturb_the_others(line):
    _, board, tap = line
    with open_port(tap) as stays:
        with open_port(tap) as leaves:
            leaves.write(b"bye")
            assert board.recv(10) == b"bye"
        board.sendall(b"one\n")
        assert stays.readline() == b"one\n"
        board.sendall(b"two\n")
        assert stays.readline() == b"two\n"


def test_client_that_does_not_read_is_dropped_and_holds_up_nobody(line):
    _, board, tap = line
    with open_port(tap) as stuck, open_port(tap) as reads:
        for client in (stuck, reads):
            client.write(b"1")
            assert board.recv(10) == b"1"
        text = b"x" * 4094 + b"\r\n"
        total, count = 0, 4_000  # more than the kernel keeps for one that does not read
        sending = threading.Thread(target=board.sendall, args=(text * count,), daemon=True)
        sending.start()
        while total < len(text) * count:
            total += len(reads.read(len(text)))
        sending.join(10)
        assert not sending.is_alive()


def test_write_while_the_board_is_off_is_lost_without_harm(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with SerialTap(port, tmp_path / "raw", tmp_path / "log") as tap:
        tap.write(b"hello?")
        assert not tap.wait_connected(0.2)


def test_smp_passes_through_unharmed(line):
    _, board, tap = line
    with open_port(tap) as port:
        frames = encode_frames(Message(Op.WRITE, Group.OS, Os.ECHO, 1, {"d": "x" * 1500}).encode())
        port.write(frames)
        received = b""
        while len(received) < len(frames):
            received += board.recv(4096)
        (data,) = Decoder().feed(received)
        assert Message.decode(data).body == {"d": "x" * 1500}
