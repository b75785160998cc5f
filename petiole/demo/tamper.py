"""What an attacker on the road could do to a bundle (SUIT envelope, draft-ietf-suit-manifest-37, tag 107)."""

import cbor2

AUTHENTICATION, MANIFEST = 2, 3


def unsigned(bundle: bytes) -> bytes:
    """The bundle without its signature block; the digest stays."""
    envelope = cbor2.loads(bundle)
    digest, *_ = cbor2.loads(envelope.value[AUTHENTICATION])
    members = dict(envelope.value) | {AUTHENTICATION: cbor2.dumps([digest])}
    return cbor2.dumps(cbor2.CBORTag(envelope.tag, members))


def flipped_bit(bundle: bytes) -> bytes:
    """The bundle with one bit of the signed manifest's last byte flipped."""
    envelope = cbor2.loads(bundle)
    manifest = bytearray(envelope.value[MANIFEST])
    manifest[-1] ^= 1
    members = dict(envelope.value) | {MANIFEST: bytes(manifest)}
    return cbor2.dumps(cbor2.CBORTag(envelope.tag, members))
