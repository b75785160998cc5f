"""Signed bundles for the board at the desk; their code is any bytes."""

from tests.provisioning.board_double import PROFILE
from wire.descriptor import Component, Descriptor
from wire.suit import Envelope, build

SEED = bytes(range(32))


def bundle(
    version: str = "2.0.0",
    sequence: int = 7,
    profile: str = PROFILE,
    *,
    seed: bytes = SEED,
    code: bytes = b"code" * 1000,
) -> bytes:
    descriptor = Descriptor(name="thermometer", version=version, components=(Component(name="thermometer"),))
    return build(descriptor, sequence, profile, [code], seed)


def digest(data: bytes) -> str:
    """The release that the fleet makes of a bundle."""
    return Envelope.parse(data).manifest.digest.hex()
