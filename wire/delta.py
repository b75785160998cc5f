"""Patches that turn the code of one release into that of another (formats.md section 9).

A patch is a CBOR header `[1, base digest, new digest, new size]` and, right behind it, a sequential patch of detools
with heatshrink compression. Who makes and who applies patches is elsewhere: this reads and writes the header.
"""

import io
from dataclasses import dataclass

import cbor2

from wire import cbor
from wire.errors import MalformedError

FORMAT = 1
_DIGEST_SIZE = 32
_MAX_HEADER = 80


@dataclass(frozen=True)
class Header:
    """SHA-256 of the code that the patch starts from, and of the `new_size` bytes that come out."""

    base: bytes
    new: bytes
    new_size: int

    def encode(self) -> bytes:
        """The header's bytes."""
        return cbor.encode([FORMAT, self.base, self.new, self.new_size])


def split(patch: bytes) -> tuple[Header, bytes]:
    """The header of a patch, and what stands behind it; MalformedError when it has none."""
    stream = io.BytesIO(patch[:_MAX_HEADER])
    try:
        value = cbor2.load(stream)
    except Exception as error:  # tags decode to dates, patterns and more, whose constructors raise what they like
        raise MalformedError(f"the patch does not begin with CBOR: {error}") from error
    match value:
        case [int(version), bytes(base), bytes(new), int(size)] if type(version) is type(size) is int:
            if version == FORMAT and len(base) == len(new) == _DIGEST_SIZE and 0 < size <= cbor.MAX_UINT:
                return Header(base, new, size), patch[stream.tell() :]
    raise MalformedError(f"the patch's header is not [{FORMAT}, base digest, new digest, new size]")
