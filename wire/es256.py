"""ECDSA on P-256 with SHA-256, verification alone (ES256: RFC 9053 section 2.1; FIPS 186-5 section 6.4.2).

In plain integers, some ten milliseconds each, because the agent should need no library for a signature that it sees
once a release. Nothing here is secret, so nothing needs to take constant time. Signing is left to others.
"""

import hashlib

POINT_SIZE = 33
"""Bytes of a public key: the compressed point (SEC 1 section 2.3.3)."""
SIGNATURE_SIZE = 64
"""Bytes of a signature: r and s, 32 bytes each."""

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)

_Affine = tuple[int, int]
_Jacobian = tuple[int, int, int]
"""x / z**2, y / z**3; z is 0 at infinity."""

_INFINITY: _Jacobian = (1, 1, 0)


def is_point(key: bytes) -> bool:
    """Whether `key` is a compressed point of the curve."""
    return _point(key) is not None


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` over `message` is by the holder of the compressed point `key`."""
    point = _point(key)
    if point is None or len(signature) != SIGNATURE_SIZE:
        return False
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    if not (0 < r < _N and 0 < s < _N):
        return False
    digest = int.from_bytes(hashlib.sha256(message).digest())
    inverse = pow(s, -1, _N)
    x, _, z = _sum_of_products(digest * inverse % _N, _G, r * inverse % _N, point)
    return z != 0 and x * pow(z, -2, _P) % _P % _N == r


def _point(key: bytes) -> _Affine | None:
    if len(key) != POINT_SIZE or key[0] not in (2, 3):
        return None
    x = int.from_bytes(key[1:])
    square = (x**3 - 3 * x + _B) % _P
    y = pow(square, (_P + 1) // 4, _P)
    if x >= _P or y * y % _P != square:
        return None
    return x, y if y % 2 == key[0] % 2 else _P - y


def _sum_of_products(a: int, first: _Affine, b: int, second: _Affine) -> _Jacobian:
    """`a * first + b * second`, bit by bit together (Shamir's trick)."""
    one, two = (*first, 1), (*second, 1)
    addends = (_INFINITY, one, two, _add(one, two))
    total = _INFINITY
    for bit in range(255, -1, -1):
        total = _add(_double(total), addends[(a >> bit & 1) + 2 * (b >> bit & 1)])
    return total


def _double(point: _Jacobian) -> _Jacobian:
    x, y, z = point
    if y == 0 or z == 0:
        return _INFINITY
    yy = y * y % _P
    s = 4 * x * yy % _P
    m = 3 * (x - z * z) * (x + z * z) % _P
    x3 = (m * m - 2 * s) % _P
    return x3, (m * (s - x3) - 8 * yy * yy) % _P, 2 * y * z % _P


def _add(first: _Jacobian, second: _Jacobian) -> _Jacobian:
    (x1, y1, z1), (x2, y2, z2) = first, second
    if z1 == 0:
        return second
    if z2 == 0:
        return first
    u1, u2 = x1 * z2 * z2 % _P, x2 * z1 * z1 % _P
    s1, s2 = y1 * z2**3 % _P, y2 * z1**3 % _P
    if u1 == u2:
        return _double(first) if s1 == s2 else _INFINITY
    h, r = u2 - u1, s2 - s1
    hh = h * h % _P
    hhh, v = h * hh % _P, u1 * hh % _P
    x3 = (r * r - hhh - 2 * v) % _P
    return x3, (r * (v - x3) - s1 * hhh) % _P, z1 * z2 * h % _P
