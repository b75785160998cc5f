"""ES256 in plain integers agrees with the package `cryptography`, on good signatures and on bad ones."""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from wire import es256

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
numbers = st.integers(1, ORDER - 1)


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


def judged_by_cryptography(key: bytes, message: bytes, r: int, s: int) -> bool:
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
        public.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


@given(numbers, st.binary(max_size=100))
@settings(max_examples=30)
def test_good_signatures(private: int, message: bytes) -> None:
    key = ec.derive_private_key(private, ec.SECP256R1())
    r, s = utils.decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
    assert es256.verify(point(key), message, r.to_bytes(32) + s.to_bytes(32))
    assert es256.verify(point(key), message, r.to_bytes(32) + (ORDER - s).to_bytes(32))
    assert not es256.verify(point(key), message + b"x", r.to_bytes(32) + s.to_bytes(32))


@given(numbers, st.binary(max_size=20), st.data())
@settings(max_examples=60)
def test_odd_signatures(private: int, message: bytes, data: st.DataObject) -> None:
    key = ec.derive_private_key(private, ec.SECP256R1())
    good = utils.decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
    odd = st.sampled_from([0, 1, ORDER - 1, ORDER, ORDER + 1, 2**256 - 1, *good]) | st.integers(0, 2**256 - 1)
    r, s = data.draw(odd), data.draw(odd)
    expected = judged_by_cryptography(point(key), message, r, s)
    assert es256.verify(point(key), message, r.to_bytes(32) + s.to_bytes(32)) is expected


@given(st.sampled_from([2, 3, 0, 4]), st.integers(0, 2**256 - 1) | st.integers(0, 20))
@settings(max_examples=60)
def test_points(first: int, x: int) -> None:
    key = bytes([first]) + x.to_bytes(32)
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
    except ValueError:
        expected = False
    else:
        expected = True
    assert es256.is_point(key) is expected


def test_the_sum_may_pass_through_equal_and_opposite_points() -> None:
    """Keys 1 and n - 1: the generator itself and its opposite, where adding needs its special cases."""
    for private in (1, ORDER - 1, 2, ORDER - 2):
        key = ec.derive_private_key(private, ec.SECP256R1())
        for number in range(6):
            message = number.to_bytes()
            r, s = utils.decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
            assert es256.verify(point(key), message, r.to_bytes(32) + s.to_bytes(32))


def test_a_signature_whose_point_is_at_infinity() -> None:
    """With r = -digest and the key 1, u1 + u2 is 0: no signature."""
    message = b"infinity"
    digest = int.from_bytes(hashlib.sha256(message).digest())
    r = -digest % ORDER
    key = point(ec.derive_private_key(1, ec.SECP256R1()))
    assert not es256.verify(key, message, r.to_bytes(32) + (5).to_bytes(32))


def test_other_lengths() -> None:
    key = point(ec.derive_private_key(7, ec.SECP256R1()))
    assert not es256.verify(key, b"", b"\x01" * 63)
    assert not es256.verify(key[:-1], b"", b"\x01" * 64)
