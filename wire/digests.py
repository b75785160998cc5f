"""SHA-256 digests as people write them: `sha256:` and 64 hexadecimal digits."""

import re

from wire.errors import MalformedError

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


def parse(text: str) -> bytes:
    """The digest written as `text`; MalformedError when it is none."""
    if not (found := _DIGEST.fullmatch(text)):
        raise MalformedError(f"{text!r} is not a digest: write sha256: and 64 hexadecimal digits")
    return bytes.fromhex(found[1])


def show(digest: bytes) -> str:
    """The digest as text."""
    return f"sha256:{digest.hex()}"
