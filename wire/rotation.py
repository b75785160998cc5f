"""Rotation: new trust anchors for a device in place of all it has, signed by one of those (formats.md section 2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from wire import cbor, cose, records
from wire.errors import MalformedError, RefusedError
from wire.records import Key
from wire.refusals import Refusal

CONTEXT = "petiole-anchors-1"
MAX_ANCHORS = 8
"""The most trust anchors of a device."""


@dataclass(frozen=True)
class Rotation:
    """The new anchors; `sequence` is greater than that of the rotation before."""

    context: Annotated[str, Key(0)]
    sequence: Annotated[int, Key(1)]
    anchors: Annotated[tuple[bytes, ...], Key(2)]

    def __post_init__(self) -> None:
        if self.context != CONTEXT:
            raise MalformedError(f"a rotation begins with {CONTEXT!r}, not with {self.context!r}")
        if len(self.anchors) > MAX_ANCHORS:
            raise RefusedError(Refusal.OVER_LIMIT, f"{len(self.anchors)} anchors; a device takes {MAX_ANCHORS}")
        if not self.anchors or not all(map(cose.is_anchor, self.anchors)):
            raise MalformedError("a rotation has public keys alone, one at least: 32 bytes of Ed25519 or 33 of P-256")

    @property
    def kids(self) -> tuple[bytes, ...]:
        """The key ids of the new anchors."""
        return tuple(map(cose.kid, self.anchors))


def make(anchors: Sequence[bytes], sequence: int, seed: bytes) -> bytes:
    """A rotation to `anchors`, signed with the Ed25519 key of `seed`, which the device trusts until then."""
    rotation = Rotation(CONTEXT, sequence, tuple(anchors))
    return cose.sign1(cbor.encode(records.to_map(rotation)), seed, attached=True)


def read(message: bytes) -> Rotation:
    """What a rotation says, **unverified**: to show it."""
    payload = cose.parse(message).payload
    if payload is None:
        raise MalformedError("COSE_Sign1 has no payload")
    return _decode(payload)


def signer(message: bytes) -> bytes | None:
    """The id of the key that claims to have signed."""
    return cose.parse(message).kid


def verify(message: bytes, anchors: Iterable[bytes], last_sequence: int) -> Rotation:
    """The rotation, once it is found signed by one of `anchors` and later than `last_sequence` (0 before the first).

    Raises MalformedError, or RefusedError: unsupported, unknown-key, bad-signature, over-limit, old-sequence.
    """
    rotation = _decode(cose.verify_attached(message, cose.anchors(anchors)))
    if rotation.sequence <= last_sequence:
        raise RefusedError(
            Refusal.OLD_SEQUENCE, f"rotation {rotation.sequence} is not later than the one before, {last_sequence}"
        )
    return rotation


def _decode(payload: bytes) -> Rotation:
    return records.from_map(Rotation, cbor.decode_strict(payload, "rotation"), "rotation")
