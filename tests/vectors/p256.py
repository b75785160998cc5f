"""Signatures by the P-256 key of RFC 6979, appendix A.2.5: one that everybody knows not to use."""

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from wire import cbor, cose

_KEY = ec.derive_private_key(0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721, ec.SECP256R1())

POINT = _KEY.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
"""The public key as a trust anchor: 33 bytes."""


def sign1(payload: bytes, algorithm: int = -7, attached: bool = False) -> bytes:
    """A COSE_Sign1 over `payload`, the same on each run; the algorithm is what the header says, right or wrong."""
    protected = cbor.encode({1: algorithm})
    message = cbor.encode(["Signature1", protected, b"", payload])
    r, s = utils.decode_dss_signature(_KEY.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True)))
    signature = r.to_bytes(32) + s.to_bytes(32)
    return cbor.encode(cbor.Tag(18, [protected, {4: cose.kid(POINT)}, payload if attached else None, signature]))
