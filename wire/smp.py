"""SMP, the protocol of MCUmgr, between edge host and board (formats.md section 8).

A message is an 8-byte header and a CBOR map; on a serial line it travels in text lines (Zephyr: "SMP transport"):
the first begins with 06 09, the others with 04 14, each goes on with base64 and ends with a newline. Their contents
joined are the length (two bytes, of what follows), the message and its CRC-16/XMODEM. Whatever else comes over the line
is skipped.
"""

import base64
import binascii
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Self

from wire import cbor
from wire.errors import MalformedError, SmpError

BUFFER_SIZE = 2048
MAX_MESSAGE = BUFFER_SIZE - 4
DEFAULT_MTU = 127

_HEADER = struct.Struct("!BBHHBB")
_START = b"\x06\x09"
_CONTINUATION = b"\x04\x14"
_NEWLINE = b"\n"
_LENGTH_SIZE = 2
_CRC_SIZE = 2
_MAX_LINE = 4096


class Op(IntEnum):
    """What a message does; an answer is the request's op plus one."""

    READ = 0
    READ_ANSWER = 1
    WRITE = 2
    WRITE_ANSWER = 3


class Group(IntEnum):
    """Command groups that boards of ours serve."""

    OS = 0
    IMAGE = 1
    PETIOLE = 64


class Os(IntEnum):
    """Commands of the group OS."""

    ECHO = 0
    TASKS = 2
    DATE_TIME = 4
    RESET = 5
    PARAMETERS = 6
    INFO = 7


class Image(IntEnum):
    """Commands of the group IMAGE."""

    STATE = 0


class Petiole(IntEnum):
    """Commands of the group PETIOLE."""

    FACTS = 0
    ENROLL = 1
    PROVE = 2
    ENVELOPE = 3
    PAYLOAD = 4
    ACTIVATE = 5
    CONFIRM = 6
    WORKLOADS = 7
    REMOVE = 8
    SUBSCRIBE = 9
    TIME = 10
    DELTA = 11
    ANCHORS = 12
    MESSAGE = 13
    RESTART = 14
    EVENT = 16


PROVE_PREFIX = b"petiole-prove-1"
"""What stands before the nonce in the text that `Petiole.PROVE` signs."""


@dataclass(frozen=True)
class Header:
    """The header of a message; `version` is 0 for SMP v1, 1 for SMP v2; `length` counts the bytes after the header."""

    op: Op
    group: int
    command: int
    sequence: int
    length: int
    version: int = 1
    flags: int = 0

    SIZE = _HEADER.size

    def encode(self) -> bytes:
        """The 8 bytes."""
        first = self.version << 3 | self.op
        return _HEADER.pack(first, self.flags, self.length, self.group, self.sequence, self.command)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The header at the start of `data`."""
        if len(data) < cls.SIZE:
            raise MalformedError(f"an SMP message of {len(data)} bytes is shorter than its header")
        first, flags, length, group, sequence, command = _HEADER.unpack_from(data)
        op, version = first & 0x07, first >> 3 & 0x03
        if op > Op.WRITE_ANSWER:
            raise MalformedError(f"SMP header has the unknown operation {op}")
        return cls(Op(op), group, command, sequence, length, version, flags)


@dataclass(frozen=True)
class Message:
    """A request or an answer: header fields and the CBOR map."""

    op: Op
    group: int
    command: int
    sequence: int
    body: Mapping[str, Any]
    version: int = 1

    def encode(self) -> bytes:
        """Header and body, without serial framing."""
        body = cbor.encode(dict(self.body))
        header = Header(self.op, self.group, self.command, self.sequence, len(body), self.version)
        return header.encode() + body

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The message in what a `Decoder` gives."""
        header = Header.decode(data)
        if len(data) - Header.SIZE != header.length:
            raise MalformedError(
                f"SMP message has {len(data) - Header.SIZE} bytes after a header that tells of {header.length}"
            )
        body = cbor.decode(data[Header.SIZE :], "SMP message body") if header.length else {}
        if not isinstance(body, dict):
            raise MalformedError("SMP message body is not a map")
        return cls(header.op, header.group, header.command, header.sequence, body, header.version)

    def is_answer_to(self, request: "Message") -> bool:
        """Whether this answers `request`."""
        return (self.op, self.group, self.command, self.sequence) == (
            request.op + 1,
            request.group,
            request.command,
            request.sequence,
        )

    def raise_for_error(self) -> None:
        """Raise SmpError when this answer carries an error, in the form of either SMP version.

        A bare `rc` is a code of SMP itself, group 0, whichever group the request was for.
        """
        error = self.body.get("err")
        group: Any = Group.OS
        code: Any = self.body.get("rc", 0)
        if isinstance(error, dict):
            group, code = error.get("group"), error.get("rc")
        if not isinstance(code, int) or not isinstance(group, int):
            raise MalformedError(f"SMP error is not made of numbers: {error!r}")
        if code:
            reason = self.body.get("rsn")
            raise SmpError(group, code, reason if isinstance(reason, str) else f"group {group}, error {code}")


def crc16(data: bytes) -> int:
    """CRC-16/XMODEM (polynomial 0x1021, initial value 0)."""
    return binascii.crc_hqx(data, 0)


def encode_frames(message: bytes, mtu: int = DEFAULT_MTU) -> bytes:
    """The lines, at most `mtu` bytes each with their newline, that carry one message over a serial line."""
    if len(message) > MAX_MESSAGE:
        raise MalformedError(f"SMP message of {len(message)} bytes is longer than {MAX_MESSAGE}")
    packet = struct.pack("!H", len(message) + _CRC_SIZE) + message + struct.pack("!H", crc16(message))
    chunk = (mtu - len(_START) - 1) // 4 * 3
    lines = []
    for at in range(0, len(packet), chunk):
        prefix = _CONTINUATION if at else _START
        lines.append(prefix + base64.b64encode(packet[at : at + chunk]) + _NEWLINE)
    return b"".join(lines)


class Decoder:
    """Finds messages in the bytes of a serial line, and forgets what is none.

    `errors` counts frames that were begun and then found broken: bad base64, length or checksum.
    """

    def __init__(self) -> None:
        self.errors = 0
        self._rest = b""
        self._packet: bytearray | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete with `data`: header and body, checksum checked."""
        *lines, rest = (self._rest + data).split(_NEWLINE)
        self._rest = rest[-_MAX_LINE:]
        return [message for message in map(self._take_line, lines) if message is not None]

    def _take_line(self, line: bytes) -> bytes | None:
        line = line.removesuffix(b"\r")
        if (start := line.rfind(_START)) >= 0:
            if self._packet is not None:
                self.errors += 1
            self._packet, encoded = bytearray(), line[start + len(_START) :]
        elif (start := line.rfind(_CONTINUATION)) >= 0 and self._packet is not None:
            encoded = line[start + len(_CONTINUATION) :]
        else:
            return None
        try:
            self._packet += base64.b64decode(encoded, validate=True)
        except ValueError:
            self._give_up()
            return None
        return self._finish()

    def _finish(self) -> bytes | None:
        packet = self._packet
        if packet is None or len(packet) < _LENGTH_SIZE:
            self._give_up()
            return None
        length = int.from_bytes(packet[:_LENGTH_SIZE])
        content = bytes(packet[_LENGTH_SIZE:])
        if length < _CRC_SIZE or length > BUFFER_SIZE or len(content) > length:
            self._give_up()
            return None
        if len(content) < length:
            return None
        self._packet = None
        message, checksum = content[:-_CRC_SIZE], content[-_CRC_SIZE:]
        if crc16(message) != int.from_bytes(checksum):
            self.errors += 1
            return None
        return message

    def _give_up(self) -> None:
        self.errors += 1
        self._packet = None
