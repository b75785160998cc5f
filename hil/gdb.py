"""A few words of GDB's remote serial protocol, to break a running firmware on purpose.

https://sourceware.org/gdb/current/onlinedocs/gdb.html/Remote-Protocol.html. QEMU stops the machine when a debugger
connects and lets it go on when it detaches; so does a debug probe's server for a real board.
"""

import socket
from types import TracebackType
from typing import Self

from hil.errors import RigError

ANSWER_SECONDS = 10.0
STOPPED = ("S", "T")
"""How packets begin that tell why the machine stands still."""


class Gdb:
    """A debugger on the stopped machine behind the TCP port `port`; at the end of the `with` block the machine goes on.

    Raises RigError when the server refuses a command.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)
        self._input = self._socket.makefile("rb")
        # QEMU answers for single registers once the description of the target was read.
        self.ask("qXfer:features:read:target.xml:0,10")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ask("D")
        self._input.close()
        self._socket.close()

    def register(self, number: int) -> int:
        """The 32-bit register with GDB's `number`."""
        return int.from_bytes(bytes.fromhex(self.ask(f"p{number:x}")), "little")

    def set_register(self, number: int, value: int) -> None:
        """Change a 32-bit register."""
        self._ok(f"P{number:x}={value.to_bytes(4, 'little').hex()}")

    def write(self, address: int, data: bytes) -> None:
        """Change memory."""
        self._ok(f"M{address:x},{len(data):x}:{data.hex()}")

    def read(self, address: int, length: int) -> bytes:
        """Memory's bytes."""
        return bytes.fromhex(self.ask(f"m{address:x},{length:x}"))

    def _ok(self, command: str) -> None:
        answer = self.ask(command)
        if answer != "OK":
            raise RigError(f"the debugger's {command!r} was answered with {answer!r}", where="gdb server")

    def ask(self, command: str) -> str:
        """The server's answer to a command; what it says about a stop in between is passed over."""
        data = command.encode()
        self._socket.sendall(b"$%s#%02x" % (data, sum(data) % 256))
        while (answer := self._packet()).startswith(STOPPED):
            pass
        return answer

    def _packet(self) -> str:
        while self._byte() != b"$":
            pass
        packet = bytearray()
        while (byte := self._byte()) != b"#":
            packet += byte
        for _checksum in range(2):
            self._byte()
        self._socket.sendall(b"+")
        return packet.decode("ascii", "replace")

    def _byte(self) -> bytes:
        byte = self._input.read(1)
        if not byte:
            raise RigError("the debugger's server closed the connection", where="gdb server")
        return byte
