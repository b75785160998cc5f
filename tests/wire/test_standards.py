"""Examples that the standards themselves print: SUIT draft, RFC 8428, CRC-16/XMODEM."""

import base64
import json
from typing import Any

import pytest

from tests.vectors.make import FOLDER
from wire import cose, senml, smp, suit
from wire.errors import RefusedError
from wire.refusals import Refusal

# draft-ietf-suit-manifest, appendix B: examples 0 and 1, and the public key their signatures are made with.
SUIT_POINT = base64.b64decode(
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhJaBGq4LqqvSYVcYnuzaJr6qi/Ebbz/m4rVlnIXbwK07HypLbAmBMcCjbazR14vTgdzfsJwFLbM5kdtzOLSolg=="
)[-65:]
SUIT_KEY = bytes([2 + SUIT_POINT[-1] % 2]) + SUIT_POINT[1:33]  # the same point, compressed
EXAMPLE_0 = bytes.fromhex(
    "d86ba2025873825824822f58206658ea560262696dd1f13b782239a064da7c6c5cbaf52fded428a6fc83c7e5af584ad28443a10126a0f65840"
    "408d0816f9b510749bf6a51b066951e08a4438f849eb092a1ac768eed9de696c1b1dd35d82ef149e6a73a61976ad2cfe78444b8064293350"
    "a122f332cb49f0da035871a50101020003585fa202818141000458568614a40150fa6b4a53d5ad5fdfbe9de663e4d41ffe02501492af1425"
    "695e48bf429b2d51f2ab45035824822f582000112233445566778899aabbccddeeff0123456789abcdeffedcba98765432100e1987d0010f"
    "020f074382030f0943821702"
)
EXAMPLE_1 = bytes.fromhex(
    "d86ba2025873825824822f58201f2e7acca0dc2786f2fe4eb947f50873a6a3cfaa98866c5b02e621f42074daf2584ad28443a10126a0f65840"
    "4f3881a2258e17ac55342aba9d7134bb2ee1eee2a7d99191b1c99b5d73364416b8f452d17cc6bd74a66cd168b9176150d737c8eda2b3a277"
    "664fde7671cb60f0035894a50101020103585fa202818141000458568614a40150fa6b4a53d5ad5fdfbe9de663e4d41ffe02501492af1425"
    "695e48bf429b2d51f2ab45035824822f582000112233445566778899aabbccddeeff0123456789abcdeffedcba98765432100e1987d0010f"
    "020f074382030f1458258614a115781b687474703a2f2f6578616d706c652e636f6d2f66696c652e62696e1502030f"
)


@pytest.mark.parametrize("example", [EXAMPLE_0, EXAMPLE_1], ids=["example 0", "example 1"])
def test_suit_example_has_the_digest_we_compute(example: bytes) -> None:
    envelope = suit.Envelope.parse(example)
    assert envelope.digest_block == b"\x82\x2f\x58\x20" + envelope.manifest_digest
    assert envelope.encode() == example


@pytest.mark.parametrize("example", [EXAMPLE_0, EXAMPLE_1], ids=["example 0", "example 1"])
def test_suit_example_has_a_good_signature(example: bytes) -> None:
    envelope = suit.Envelope.parse(example)
    signed = cose.parse(envelope.signatures[0])
    assert cose.verify(signed, envelope.digest_block, SUIT_KEY)
    assert not cose.verify(signed, envelope.digest_block + b"x", SUIT_KEY)


@pytest.mark.parametrize("example", [EXAMPLE_0, EXAMPLE_1], ids=["example 0", "example 1"])
def test_suit_example_is_no_workload(example: bytes) -> None:
    envelope = suit.Envelope.parse(example)
    with pytest.raises(RefusedError) as caught:
        _ = envelope.manifest
    assert caught.value.name is Refusal.UNSUPPORTED


# RFC 8428 section 6, the CBOR of the example in section 5.1.3
RFC8428_PACK = bytes.fromhex(
    "87a721781b75726e3a6465763a6f773a3130653230373361303130383030363a22fb41d303a15b00106223614120050067766f6c746167650161"
    "5602fb405e066666666666a3006763757272656e74062402fb3ff3333333333333a3006763757272656e74062302fb3ff4cccccccccccda30067"
    "63757272656e74062202fb3ff6666666666666a3006763757272656e74062102f93e00a3006763757272656e74062002fb3ff999999999999aa3"
    "006763757272656e74060002fb3ffb333333333333"
)


def test_senml_example_resolves() -> None:
    prefix, base = "urn:dev:ow:10e2073a0108006:", 1276020076.001
    resolved = [(m.name, m.unit, m.value, m.time) for m in senml.decode(RFC8428_PACK)]
    assert resolved == [
        (f"{prefix}voltage", "V", 120.1, base),
        *(
            (f"{prefix}current", "A", value, base + offset)
            for offset, value in zip(range(-5, 1), RFC8428_CURRENTS, strict=True)
        ),
    ]


RFC8428_CURRENTS = (1.2, 1.3, 1.4, 1.5, 1.6, 1.7)


def test_crc16_check_value() -> None:
    assert smp.crc16(b"123456789") == 0x31C3


@pytest.mark.parametrize("case", json.loads((FOLDER / "smp.json").read_text())["noise"], ids=lambda case: case["name"])
def test_frames_in_noise(case: dict[str, Any]) -> None:
    assert len(smp.Decoder().feed(bytes.fromhex(case["input"]))) == case["messages"]
