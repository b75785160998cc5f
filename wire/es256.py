"""ECDSA on P-256 with SHA-256 (ES256, RFC 9053 section 2.1), by the package `cryptography`.

Apart from `wire.cose`, which imports it on first use: the agent runs without that package.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

POINT_SIZE = 65
SIGNATURE_SIZE = 64


def verify(point: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (r and s, 32 bytes each) over `message` is by the key of the uncompressed `point`."""
    if len(point) != POINT_SIZE or len(signature) != SIGNATURE_SIZE:
        return False
    half = SIGNATURE_SIZE // 2
    encoded = encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
    try:
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point).verify(encoded, message, ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True
