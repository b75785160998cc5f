"""The envelopes of `envelopes.json`: good ones, and one for each thing that can be wrong with one."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from tests.vectors import p256
from wire import cbor, cose, profiles, suit
from wire.descriptor import Component, Descriptor, Grant, Probation
from wire.suit import Code
from wire.suit import manifest as manifests
from wire.triggers import Every

# RFC 8032, section 7.1, tests 1 and 2: keys that everybody knows not to use.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
STRANGER = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
PROFILE = "petiole:host@0.1.0 wasmtime-48 pulley32 00000000"
SEQUENCE = 7
PAYLOAD = bytes(range(256)) * 2

RELEASE = Descriptor(
    "thermometer",
    "1.2.3",
    (
        Component(
            "thermometer",
            {"wasi:i2c/i2c@0.2.0-draft": Grant(("i2c-env",)), "wasi:logging/logging@0.1.0-draft": Grant()},
            config={"samples": "4"},
            triggers=(Every(1000),),
        ),
    ),
    Probation(calls=5, seconds=30),
)

Change = Callable[[dict[Any, Any]], None]


def sign(manifest_bytes: bytes, seed: bytes = SEED, payloads: dict[str, bytes] | None = None) -> bytes:
    """An envelope around a manifest, right or wrong, with a good signature."""
    block = digest_block(manifest_bytes)
    return suit.assemble(manifest_bytes, block, [cose.sign1(block, seed)], payloads or {})


def digest_block(manifest_bytes: bytes) -> bytes:
    """What is signed for a manifest."""
    return cbor.encode([-16, suit.manifest_digest(manifest_bytes)])


def manifest(release: Descriptor = RELEASE, payloads: int = 1, vendor: Any = profiles.VENDOR_ID) -> bytes:
    """A good manifest."""
    codes = [Code(manifests.code_uri(at), hashlib.sha256(PAYLOAD).digest(), len(PAYLOAD)) for at in range(payloads)]
    return manifests.encode(release, SEQUENCE, profiles.class_id(PROFILE), codes, vendor)


def changed(change: Change) -> bytes:
    """A good manifest's members after `change`, signed."""
    members = cbor.decode(manifest(), "manifest")
    change(members)
    return sign(cbor.encode(members))


def changed_sequence(key: int, change: Callable[[list[Any]], Any]) -> bytes:
    """A good manifest after `change` to one of its command sequences; key 4 is the shared one."""

    def apply(members: dict[Any, Any]) -> None:
        holder = cbor.decode(members[3], "common") if key == 4 else members
        items = cbor.decode(holder[key], "sequence")
        change(items)
        holder[key] = cbor.encode(items)
        if key == 4:
            members[3] = cbor.encode(holder)

    return changed(apply)


def changed_descriptor(change: Change) -> bytes:
    """A good manifest after `change` to its descriptor."""

    def apply(items: list[Any]) -> None:
        parameters = items[items.index(12, 2) + 3]
        release = cbor.decode(parameters[18], "descriptor")
        change(release)
        parameters[18] = cbor.encode(release)

    return changed_sequence(4, apply)


def flip(data: bytes, at: int) -> bytes:
    """`data` with one bit changed."""
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


def case(name: str, envelope: bytes, expect: str = "ok", **more: Any) -> dict[str, Any]:
    """One case, as it is written."""
    return {"name": name, "envelope": envelope.hex(), "expect": expect, "last_sequence": 0, **more}


def cases() -> Iterator[dict[str, Any]]:
    """Every case: name, envelope, and what a board with one anchor says of it."""
    yield from _accepted_or_old()
    yield from _signatures()
    yield from _manifests()
    yield from _descriptors()
    yield from _shapes()


def _accepted_or_old() -> Iterator[dict[str, Any]]:
    good = manifest()
    block = digest_block(good)
    digest = suit.manifest_digest(good).hex()
    severed = sign(good)
    yield case("whole", sign(good, payloads={"#code": PAYLOAD}))
    yield case("severed", severed)
    yield case("greater sequence", severed, last_sequence=SEQUENCE - 1)
    yield case("same manifest again", severed, last_sequence=SEQUENCE, last_digest=digest)
    yield case(
        "equal sequence of another manifest", severed, "old-sequence", last_sequence=SEQUENCE, last_digest="00" * 32
    )
    yield case("smaller sequence", severed, "old-sequence", last_sequence=SEQUENCE + 1)
    ed25519 = _with_algorithm(block, -19)
    yield case("algorithm Ed25519 (-19)", suit.assemble(good, block, [ed25519], {}))
    yield case("ES256", suit.assemble(good, block, [p256.sign1(block)], {}))


def _signatures() -> Iterator[dict[str, Any]]:
    good = manifest()
    block = digest_block(good)
    signature = cose.sign1(block, SEED)
    yield case("unsigned", suit.assemble(good, block, [], {}), "unsigned")
    yield case("no authentication", cbor.encode(cbor.Tag(107, {3: good})), "unsigned")
    yield case("unknown key", sign(good, STRANGER), "unknown-key")
    yield case("no key id", suit.assemble(good, block, [_without_kid(signature)], {}), "unknown-key")
    yield case("flipped bit in the signature", suit.assemble(good, block, [flip(signature, -5)], {}), "bad-signature")
    yield case("flipped bit in the digest", suit.assemble(good, flip(block, -1), [signature], {}), "bad-signature")
    other = manifest(Descriptor("thermometer", "9", RELEASE.components))
    yield case("flipped bit in the manifest", suit.assemble(flip(good, -1), block, [signature], {}), "digest-mismatch")
    yield case("another manifest", suit.assemble(other, block, [signature], {}), "digest-mismatch")
    swapped = suit.assemble(other, digest_block(other), [signature], {})
    yield case("another manifest and its digest", swapped, "bad-signature")
    yield case("unknown algorithm", suit.assemble(good, block, [_with_algorithm(block, -35)], {}), "unsupported")
    es256 = p256.sign1(block)
    yield case("flipped bit in an ES256 signature", suit.assemble(good, block, [flip(es256, -5)], {}), "bad-signature")
    yield case("ES256 over another digest", suit.assemble(good, flip(block, -1), [es256], {}), "bad-signature")
    wrong = p256.sign1(block, algorithm=-8)
    yield case("P-256 key for EdDSA", suit.assemble(good, block, [wrong], {}), "unsupported")
    yield case("Ed25519 key for ES256", suit.assemble(good, block, [_with_algorithm(block, -7)], {}), "unsupported")
    yield case("two signatures", suit.assemble(good, block, [signature, signature], {}), "unsupported")


def _manifests() -> Iterator[dict[str, Any]]:
    yield case("another vendor", sign(manifest(vendor=profiles.class_id("nobody"))), "wrong-vendor")
    yield case(
        "another class", sign(manifest()), "wrong-class", **{"class": profiles.class_id(profiles.EDGE_PROFILE).hex}
    )

    yield case("manifest version 2", changed(lambda m: m.update({1: 2})), "unsupported")
    yield case("manifest version true", changed(lambda m: m.update({1: True})), "malformed")
    yield case("manifest member 16", changed(lambda m: m.update({16: b"\x80"})), "unsupported")
    yield case("no install", changed(lambda m: m.pop(20)), "malformed")
    yield case("negative sequence", changed(lambda m: m.update({2: -1})), "malformed")
    yield case("condition 5", changed_sequence(7, lambda s: s.extend([5, 15])), "unsupported")
    yield case("directive 15", changed_sequence(20, lambda s: s.extend([15, [b"\x80"]])), "unsupported")
    yield case("parameter 22", changed_sequence(20, lambda s: s[3].update({22: 0})), "unsupported")
    yield case("component index 2", changed_sequence(7, lambda s: s.extend([12, 2])), "malformed")
    yield case("no class condition", changed_sequence(4, lambda s: s.__delitem__(slice(6, 8))), "malformed")
    yield case("no image match", changed_sequence(7, lambda s: s.__delitem__(slice(2, 4))), "ok")
    yield case("image match of the descriptor", changed_sequence(7, lambda s: s.extend([12, 1, 3, 15])), "unsupported")
    yield case("write of the code", changed_sequence(20, lambda s: s.extend([12, 0, 18, 15])), "unsupported")
    yield case("command without argument", changed_sequence(7, lambda s: s.pop()), "malformed")
    yield case("code from elsewhere", changed_sequence(20, lambda s: s[3].update({21: "https://x"})), "unsupported")
    yield case("SHA-384", changed_sequence(4, lambda s: s[3].update({3: cbor.encode([-43, b"x" * 48])})), "unsupported")
    yield case("size as text", changed_sequence(4, lambda s: s[3].update({14: "512"})), "malformed")
    yield case("class of 15 bytes", changed_sequence(4, lambda s: s[3].update({2: b"c" * 15})), "malformed")


def _descriptors() -> Iterator[dict[str, Any]]:
    yield case("descriptor of another name", changed_descriptor(lambda d: d.update({1: "other"})), "malformed")
    yield case("descriptor format 2", changed_descriptor(lambda d: d.update({0: 2})), "malformed")
    yield case("descriptor key 9", changed_descriptor(lambda d: d.update({9: 0})), "malformed")
    yield case("descriptor without components", changed_descriptor(lambda d: d.update({3: []})), "malformed")
    yield case(
        "label with capitals", changed_descriptor(lambda d: d[3][0].update({1: {"a:b/c": {0: ["X"]}}})), "malformed"
    )
    large = changed_descriptor(lambda d: d[3][0].update({3: {"k": "v" * suit.MAX_ENVELOPE}}))
    yield case("too large", large, "over-limit")
    twice = changed_descriptor(lambda d: d.update({3: d[3] * 2}))
    yield case("two components of one name", twice, "malformed")
    yield case("four components", sign(manifest(_of(4), 4)))
    yield case("five components", sign(manifest(_of(5), 5)), "unsupported", edge="ok")
    yield case("more components than codes", sign(manifest(_of(2), 1)), "malformed")
    yield case("more codes than components", sign(manifest(_of(1), 2)), "malformed")
    for kind, array in _BAD_TRIGGERS.items():
        yield case(f"trigger: {kind}", _with_trigger(array), "malformed")


_BAD_TRIGGERS: dict[str, list[Any]] = {
    "nothing": [],
    "unknown kind": [6],
    "no interval": [0],
    "interval 0": [0, 0],
    "calendar without text": [1, 5],
    "edge 3": [2, "door", 3],
    "edge of no name": [2, "Door", 0],
    "empty token in a filter": [3, "a..b"],
    "filter that goes on after its rest": [3, "a.>.b"],
    "start with an argument": [4, 0],
    "service with an argument": [5, 0],
}


def _with_trigger(array: list[Any]) -> bytes:
    return changed_descriptor(lambda d: d[3][0].update({4: [array]}))


def _of(count: int) -> Descriptor:
    return Descriptor("thermometer", "1", tuple(Component(f"part-{at}") for at in range(count)))


def _shapes() -> Iterator[dict[str, Any]]:
    good = manifest()
    severed = sign(good)
    yield case("empty", b"", "malformed")
    yield case("text", b"hello", "malformed")
    yield case("cut off", severed[:-1], "malformed")
    yield case("trailing byte", severed + b"\x00", "malformed")
    yield case("tag 106", cbor.encode(cbor.Tag(106, {2: b"", 3: good})), "malformed")
    yield case("duplicate key", sign(b"\xa7\x01\x01" + good[1:]), "malformed")
    yield case("indefinite length", sign(b"\xbf" + good[1:] + b"\xff"), "malformed")


def _with_algorithm(block: bytes, algorithm: int) -> bytes:
    """A COSE_Sign1 of `block` with Ed25519 that names `algorithm`."""
    protected = cbor.encode({1: algorithm})
    signature = cose.raw_signature(protected, block, SEED)
    return cbor.encode(cbor.Tag(18, [protected, {4: cose.kid(cose.public_key(SEED))}, None, signature]))


def _without_kid(sign1: bytes) -> bytes:
    protected, _, _, signature = cbor.decode(sign1, "sign1").value
    return cbor.encode(cbor.Tag(18, [protected, {}, None, signature]))
