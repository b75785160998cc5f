"""The patches of `deltas.json` (formats.md section 9), written by detools itself.

Each case has `base`, `patch` and what comes out: `new`, or nothing where the patch is to be refused.
"""

import hashlib
import io
from collections.abc import Iterator
from typing import Any

import detools

from wire import cbor

_KIND, _WINDOW_8_LOOKAHEAD_7 = 0x04, 0x44


def make() -> list[dict[str, Any]]:
    """The file's content."""
    return list(_cases())


def body(base: bytes, new: bytes, window: int = 8, lookahead: int = 7, **more: Any) -> bytes:
    """A patch without its header."""
    patch = io.BytesIO()
    options = {"compression": "heatshrink", "patch_type": "sequential"} | more
    detools.create_patch(
        io.BytesIO(base),
        io.BytesIO(new),
        patch,
        heatshrink_window_sz2=window,
        heatshrink_lookahead_sz2=lookahead,
        **options,
    )
    return patch.getvalue()


def header(base: bytes, new: bytes) -> bytes:
    """What stands before a patch."""
    return cbor.encode([1, hashlib.sha256(base).digest(), hashlib.sha256(new).digest(), len(new)])


def _case(name: str, base: bytes, patch: bytes, new: bytes | None = None) -> dict[str, Any]:
    return {"name": name, "base": base.hex(), "patch": patch.hex(), "new": None if new is None else new.hex()}


def _noise(seed: str, size: int) -> bytes:
    """Bytes that look like nothing, the same on each run."""
    return hashlib.shake_256(seed.encode()).digest(size)


def _changed(number: int) -> tuple[bytes, bytes]:
    """A pair of which one is the other after a few changes: bytes replaced, put in, taken out, moved."""
    dice = iter(_noise(f"dice {number}", 64))
    old = _noise(f"base {number}", 20 + 2 * next(dice)) + bytes(next(dice) // 4)
    new = bytearray(old)
    for _ in range(1 + number % 5):
        kind, at, size = next(dice) % 4, next(dice) * len(new) // 256, next(dice) // 8
        part = new[at : at + size]
        del new[at : at + size]
        if kind == 0:
            new[at:at] = _noise(f"part {number} {at}", size)
        elif kind == 1:
            new[at:at] = bytes(byte + 1 & 255 for byte in part)
        elif kind == 2:
            new += part
    return old, bytes(new) or b"x"


def _cases() -> Iterator[dict[str, Any]]:
    text = b"the quick brown fox jumps over the lazy dog; " * 20
    code = _noise("code", 1500)
    pairs = {
        "the same": (code, code),
        "a word in a text": (text, text.replace(b"lazy", b"sleepy", 3)),
        "a byte": (code, code[:700] + b"\x00" + code[701:]),
        "bytes put in and taken out": (code, code[:300] + _noise("more", 40) + code[300:900] + code[1000:]),
        "halves swapped": (code, code[750:] + code[:750]),
        "nothing in common": (_noise("old", 300), _noise("new", 700)),
        "from nothing": (b"", text),
        "one byte": (b"a", b"b"),
        "shorter": (code, code[400:410]),
        "a piece exactly": (code, code[:255] + b"x"),
    } | {f"changed {number}": _changed(number) for number in range(24)}
    for name, (base, new) in pairs.items():
        yield _case(name, base, header(base, new) + body(base, new), new)
    base, new = pairs["a word in a text"]
    yield _case("window of 16 bytes", base, header(base, new) + body(base, new, 4, 3), new)

    good = body(base, new)
    start = header(base, new)
    yield _case("window of 512 bytes", base, start + body(base, new, 9, 7))
    yield _case("not compressed", base, start + body(base, new, compression="none"))
    yield _case("in place", base, start + body(base, new, patch_type="in-place", memory_size=8192, segment_size=512))
    yield _case("cut off", base, start + good[:-4])
    yield _case("more than it said", base, start + good + good)
    yield _case("another size in the header", base, header(base, new + b"x") + good)
    yield _case("a shorter base", base[: len(base) // 2], start + good)
    yield _case("header alone", base, start)
    yield _case("no header", base, good)
    yield _case("header of format 2", base, cbor.encode([2, bytes(32), bytes(32), len(new)]) + good)
    yield _case("header with a size of 0", base, cbor.encode([1, bytes(32), bytes(32), 0]) + good)
    yield _case("header with a digest of 31 bytes", base, cbor.encode([1, bytes(31), bytes(32), len(new)]) + good)
    yield _case("empty", base, b"")
