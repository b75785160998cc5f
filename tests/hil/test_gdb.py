"""The debugger's few words, against a server that answers by heart."""

import socket
import threading
from collections.abc import Iterator

import pytest

from hil.errors import RigError
from hil.gdb import Gdb

ANSWERS = {
    "qXfer:features:read:target.xml:0,10": "m<?xml",
    "pd": "78563412",
    "Pf=00f00338": "OK",
    "M3803f000,2:fee7": "OK",
    "m10000000,2": "beef",
    "D": "OK",
}


def frame(text: str) -> bytes:
    """A packet with its checksum."""
    return f"${text}#{sum(text.encode()) % 256:02x}".encode()


def serve(server: socket.socket, heard: list[str]) -> None:
    """Answers one debugger; tells of the stop at its arrival, as QEMU does."""
    line, _ = server.accept()
    with line, line.makefile("rb") as packets:
        line.sendall(frame("T05thread:01;"))
        packet = b""
        while byte := packets.read(1):
            packet += byte
            if packet[-3:-2] == b"#":
                command = packet[packet.index(b"$") + 1 : -3].decode()
                assert frame(command) == packet[packet.index(b"$") :]
                heard.append(command)
                line.sendall(b"+" + frame(ANSWERS.get(command, "E01")))
                packet = b""


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
def port(heard: list[str]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server, heard))
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def test_registers_and_memory(port: int, heard: list[str]) -> None:
    with Gdb(port) as debugger:
        assert debugger.register(13) == 0x12345678
        debugger.set_register(15, 0x3803F000)
        debugger.write(0x3803F000, b"\xfe\xe7")
        assert debugger.read(0x10000000, 2) == b"\xbe\xef"
    assert heard == list(ANSWERS)


def test_a_refusal_is_an_error(port: int) -> None:
    with Gdb(port) as debugger, pytest.raises(RigError, match="answered with 'E01'"):
        debugger.set_register(15, 0)
