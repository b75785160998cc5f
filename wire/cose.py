"""COSE_Sign1 (RFC 9052 section 4.2) with detached or attached payload (formats.md sections 2 and 4).

Written: tag 18, protected {1: -8}, unprotected {4: kid}, payload nil or the payload. Read besides: Ed25519 (-19, RFC
9864) and ES256 (-7). A trust anchor is a public key: 32 bytes for Ed25519, the 33 bytes of a compressed point on P-256
for ES256.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nacl.exceptions import CryptoError
from nacl.signing import SigningKey, VerifyKey

from wire import cbor, es256
from wire.errors import MalformedError, RefusedError
from wire.refusals import Refusal

TAG_SIGN1 = 18
ALG_EDDSA = -8
ALG_ED25519 = -19
ALG_ES256 = -7
KID_SIZE = 8

_HEADER_ALG = 1
_HEADER_KID = 4
_ED25519_KEY_SIZE = 32
_ED25519_SIGNATURE_SIZE = 64


@dataclass(frozen=True)
class Sign1:
    """A COSE_Sign1 taken apart: the protected header as signed, the algorithm, the key id or None, the signature.

    `payload` is the attached one, None where it is detached.
    """

    protected: bytes
    algorithm: int
    kid: bytes | None
    signature: bytes
    payload: bytes | None = None


def is_anchor(public_key: bytes) -> bool:
    """Whether a device can take these bytes as a trust anchor."""
    return len(public_key) == _ED25519_KEY_SIZE or es256.is_point(public_key)


def kid(public_key: bytes) -> bytes:
    """The key id of a public key."""
    return hashlib.sha256(public_key).digest()[:KID_SIZE]


def public_key(seed: bytes) -> bytes:
    """The Ed25519 public key that belongs to a 32-byte seed."""
    return bytes(SigningKey(seed).verify_key)


def anchors(public_keys: Iterable[bytes]) -> dict[bytes, bytes]:
    """Trust anchors by key id, as `verify1` takes them."""
    return {kid(key): key for key in public_keys}


def sign1(payload: bytes, seed: bytes, *, attached: bool = False) -> bytes:
    """Sign `payload` with the Ed25519 key of `seed`; the result contains it where `attached`."""
    protected = cbor.encode({_HEADER_ALG: ALG_EDDSA})
    signature = raw_signature(protected, payload, seed)
    content = payload if attached else None
    return cbor.encode(cbor.Tag(TAG_SIGN1, [protected, {_HEADER_KID: kid(public_key(seed))}, content, signature]))


def raw_signature(protected: bytes, payload: bytes, seed: bytes) -> bytes:
    """The 64 bytes of an Ed25519 signature over protected header and detached payload (RFC 9052 section 4.4)."""
    return SigningKey(seed).sign(_to_be_signed(protected, payload)).signature


def parse(data: bytes) -> Sign1:
    """Take a COSE_Sign1 apart; RefusedError (unsupported) for headers that are not known."""
    value = cbor.decode_strict(data, "COSE_Sign1")
    if not isinstance(value, cbor.Tag) or value.tag != TAG_SIGN1:
        raise MalformedError("the authentication block is not a COSE_Sign1 (tag 18)")
    match value.value:
        case [bytes(protected), dict(unprotected), None | bytes() as payload, bytes(signature)]:
            pass
        case _:
            raise MalformedError("COSE_Sign1 is not [protected, unprotected, payload or nil, signature]")
    headers = cbor.numbered(cbor.decode_strict(protected, "protected header"), "protected header of COSE_Sign1")
    if type(algorithm := headers.get(_HEADER_ALG)) is not int:
        raise MalformedError("COSE_Sign1 has no algorithm number in its protected header")
    if set(headers) - {_HEADER_ALG, _HEADER_KID}:
        raise RefusedError(Refusal.UNSUPPORTED, "COSE_Sign1 has a protected header other than algorithm and key id")
    key_id = headers.get(_HEADER_KID, unprotected.get(_HEADER_KID))
    if key_id is not None and not isinstance(key_id, bytes):
        raise MalformedError("COSE_Sign1 key id is not a byte string")
    return Sign1(protected, algorithm, key_id, signature, payload)


def verify1(cose: bytes, payload: bytes, anchors: Mapping[bytes, bytes]) -> bytes:
    """Check the signature over the detached `payload`; return the key id, or raise RefusedError or MalformedError."""
    signed = parse(cose)
    if signed.payload is not None:
        raise MalformedError("COSE_Sign1 has a payload where none belongs")
    return _verified(signed, payload, anchors)


def verify_attached(cose: bytes, anchors: Mapping[bytes, bytes]) -> bytes:
    """The attached payload, once the signature over it is found good; else RefusedError or MalformedError."""
    signed = parse(cose)
    if signed.payload is None:
        raise MalformedError("COSE_Sign1 has no payload")
    _verified(signed, signed.payload, anchors)
    return signed.payload


def _verified(signed: Sign1, payload: bytes, anchors: Mapping[bytes, bytes]) -> bytes:
    if signed.algorithm not in {ALG_EDDSA, ALG_ED25519, ALG_ES256}:
        raise RefusedError(Refusal.UNSUPPORTED, f"signature algorithm {signed.algorithm} is not one of -8, -19 and -7")
    if signed.kid is None:
        raise RefusedError(Refusal.UNKNOWN_KEY, "the signature names no key id")
    key = anchors.get(signed.kid)
    if key is None:
        raise RefusedError(Refusal.UNKNOWN_KEY, f"no trust anchor has the key id {signed.kid.hex()}")
    if (len(key) == es256.POINT_SIZE) != (signed.algorithm == ALG_ES256):
        raise RefusedError(Refusal.UNSUPPORTED, f"anchor {signed.kid.hex()} is no key for algorithm {signed.algorithm}")
    if not verify(signed, payload, key):
        raise RefusedError(Refusal.BAD_SIGNATURE, f"the signature by key {signed.kid.hex()} does not fit")
    return signed.kid


def verify(signed: Sign1, payload: bytes, key: bytes) -> bool:
    """Whether `signed` is a signature over the detached `payload` by the public key `key`."""
    message = _to_be_signed(signed.protected, payload)
    if signed.algorithm == ALG_ES256:
        return es256.verify(key, message, signed.signature)
    if len(key) != _ED25519_KEY_SIZE or len(signed.signature) != _ED25519_SIGNATURE_SIZE:
        return False
    try:
        VerifyKey(key).verify(message, signed.signature)
    except CryptoError:
        return False
    return True


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    structure: list[Any] = ["Signature1", protected, b"", payload]
    return cbor.encode(structure)
