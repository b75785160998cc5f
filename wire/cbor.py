"""CBOR (RFC 8949): written deterministically (section 4.2.1), read as strictly as the place asks for.

`decode` is for messages: one complete item, nothing after it. `decode_strict` is for signed data: the bytes must also
be the one deterministic encoding of what they say, which rules out duplicate keys, indefinite lengths, other spellings.
Numbers of ours are unsigned and at most 2**63 - 1, so that every database and language can hold them.
"""

import io
from collections.abc import Mapping
from typing import Any

import cbor2

from wire.errors import MalformedError

MAX_UINT = 2**63 - 1

Tag = cbor2.CBORTag


def encode(value: Any) -> bytes:
    """The deterministic encoding of `value`."""
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes, what: str) -> Any:
    """The one item in `data`; MalformedError names it as `what`."""
    stream = io.BytesIO(data)
    try:
        value = cbor2.load(stream)
    except Exception as error:  # tags decode to dates, patterns and more, whose constructors raise what they like
        raise MalformedError(f"{what} is not CBOR: {error}") from error
    if rest := len(data) - stream.tell():
        raise MalformedError(f"{what} has {rest} bytes after its end")
    return value


def _plain(value: Any) -> Any:
    """Decoded containers as lists and dicts: what is inside a tag comes immutable from cbor2 6."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Tag):
        return Tag(value.tag, _plain(value.value))
    return value


def numbered(value: Any, what: str) -> dict[int, Any]:
    """A decoded map whose keys are numbers (Python also takes `true` and 1.0 for 1)."""
    if not isinstance(value, dict) or not all(type(key) is int for key in value):
        raise MalformedError(f"{what} is not a map with numbers as keys")
    return value


def decode_strict(data: bytes, what: str) -> Any:
    """Like `decode`, for signed data: only the deterministic encoding is taken."""
    value = decode(data, what)
    try:
        again = encode(value)
    except Exception as error:
        raise MalformedError(f"{what} holds a CBOR value that none of our formats has: {error}") from error
    if again != data:
        place = next((at for at, pair in enumerate(zip(again, data, strict=False)) if pair[0] != pair[1]), len(again))
        raise MalformedError(
            f"{what} is not deterministic CBOR (RFC 8949, 4.2.1) from byte {place} on: "
            "a duplicate key, a longer spelling, an indefinite length, wrong order or trailing bytes"
        )
    return _plain(value)
