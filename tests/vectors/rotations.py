"""The rotations of `rotations.json`: new trust anchors, signed by an old one (formats.md section 2)."""

from collections.abc import Iterator
from typing import Any

from tests.vectors import envelopes, p256
from wire import cbor, cose

CONTEXT = "petiole-anchors-1"
NEW = cose.public_key(envelopes.STRANGER)


def make() -> dict[str, Any]:
    """The file's content."""
    return {
        "anchors": [cose.public_key(envelopes.SEED).hex(), p256.POINT.hex()],
        "cases": list(_cases()),
    }


def payload(sequence: Any, anchors: list[Any], context: str = CONTEXT) -> bytes:
    """What is signed."""
    return cbor.encode({0: context, 1: sequence, 2: anchors})


def sign(content: bytes, seed: bytes = envelopes.SEED) -> bytes:
    """A COSE_Sign1 with its payload inside, by an Ed25519 key."""
    protected = cbor.encode({1: cose.ALG_EDDSA})
    signature = cose.raw_signature(protected, content, seed)
    return cbor.encode(cbor.Tag(18, [protected, {4: cose.kid(cose.public_key(seed))}, content, signature]))


def _case(
    name: str, message: bytes, expect: str = "ok", last: int = 0, anchors: tuple[bytes, ...] = ()
) -> dict[str, Any]:
    new = [anchor.hex() for anchor in anchors]
    return {"name": name, "message": message.hex(), "expect": expect, "last": last, "new": new}


def _cases() -> Iterator[dict[str, Any]]:
    good = sign(payload(3, [NEW]))
    yield _case("one anchor", good, anchors=(NEW,))
    yield _case("after another", good, last=2, anchors=(NEW,))
    both = (NEW, p256.POINT)
    yield _case("both kinds", sign(payload(1, list(both))), anchors=both)
    eight = tuple(cose.public_key(bytes([at]) * 32) for at in range(8))
    yield _case("eight anchors", sign(payload(2**63 - 1, list(eight))), anchors=eight)
    yield _case("signed with ES256", p256.sign1(payload(1, [NEW]), attached=True), anchors=(NEW,))

    yield _case("the same number", good, "old-sequence", last=3)
    yield _case("a smaller number", good, "old-sequence", last=4)
    yield _case("number 0", sign(payload(0, [NEW])), "old-sequence")
    yield _case("signed by the new anchor", sign(payload(3, [NEW]), envelopes.STRANGER), "unknown-key")
    yield _case("flipped bit in the signature", envelopes.flip(good, -5), "bad-signature")
    yield _case("flipped bit in the anchor", envelopes.flip(good, good.index(NEW) + 7), "bad-signature")
    yield _case("detached", cose.sign1(payload(3, [NEW]), envelopes.SEED), "malformed")
    yield _case("another context", sign(payload(3, [NEW], "petiole-anchors-2")), "malformed")
    yield _case("no anchors", sign(payload(3, [])), "malformed")
    yield _case("nine anchors", sign(payload(3, [*eight, NEW])), "over-limit")
    yield _case("anchor of 31 bytes", sign(payload(3, [NEW[1:]])), "malformed")
    yield _case("uncompressed point", sign(payload(3, [b"\x04" + bytes(64)])), "malformed")
    yield _case("point of another form", sign(payload(3, [b"\x05" + p256.POINT[1:]])), "malformed")
    yield _case("number as text", sign(payload("3", [NEW])), "malformed")
    yield _case("negative number", sign(payload(-1, [NEW])), "malformed")
    yield _case("another member", sign(cbor.encode({0: CONTEXT, 1: 3, 2: [NEW], 3: 0})), "malformed")
    yield _case("trailing byte", good + b"\x00", "malformed")
    yield _case("empty", b"", "malformed")
