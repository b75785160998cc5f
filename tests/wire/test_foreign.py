"""`wire` understands what other people's implementations write, and they understand what it writes."""

import json
from typing import Any

import pytest

from tests.vectors.envelopes import PROFILE, RELEASE, SEED, SEQUENCE
from tests.vectors.make import FOLDER
from tests.wire.foreign import CWT, SMP
from wire import cose, smp, suit
from wire.errors import RefusedError
from wire.refusals import Refusal

pytestmark = pytest.mark.programs

PAYLOAD = b"what is signed"
PUBLIC = cose.public_key(SEED)
KID = cose.kid(PUBLIC)


def test_cwt_accepts_our_signature() -> None:
    signed = cose.sign1(PAYLOAD, SEED)
    assert cwt_verdict(signed, PAYLOAD) == "ok"


def test_cwt_refuses_another_payload() -> None:
    assert cwt_verdict(cose.sign1(PAYLOAD, SEED), b"another") != "ok"


def test_cwt_accepts_the_signature_in_our_bundle() -> None:
    envelope = suit.Envelope.parse(suit.build(RELEASE, SEQUENCE, PROFILE, [b"code"], SEED))
    assert cwt_verdict(envelope.signatures[0], envelope.digest_block) == "ok"


def cwt_verdict(signed: bytes, payload: bytes) -> Any:
    return CWT("verify", cose=signed.hex(), payload=payload.hex(), public=PUBLIC.hex(), kid=KID.hex())


def test_we_accept_an_ed25519_signature_of_cwt() -> None:
    signed = bytes.fromhex(CWT("sign_ed25519", payload=PAYLOAD.hex(), seed=SEED.hex(), kid=KID.hex()))
    assert cose.verify1(signed, PAYLOAD, {KID: PUBLIC}) == KID


def test_we_accept_an_es256_signature_of_cwt() -> None:
    kid = b"12345678"
    signed, point = CWT("sign_es256", payload=PAYLOAD.hex(), number=0x1234567, kid=kid.hex())
    anchors = {kid: bytes.fromhex(point)}
    assert cose.verify1(bytes.fromhex(signed), PAYLOAD, anchors) == kid
    with pytest.raises(RefusedError) as caught:
        cose.verify1(bytes.fromhex(signed), b"another", anchors)
    assert caught.value.name is Refusal.BAD_SIGNATURE


FOREIGN_FRAMES = FOLDER / "smp_foreign.json"


def test_recorded_frames_are_those_of_smp() -> None:
    assert json.loads(FOREIGN_FRAMES.read_text()) == SMP("requests")


@pytest.mark.parametrize("recorded", json.loads(FOREIGN_FRAMES.read_text()), ids=lambda recorded: recorded["name"])
def test_we_read_what_smp_writes(recorded: dict[str, Any]) -> None:
    (data,) = smp.Decoder().feed(bytes.fromhex(recorded["frames"]))
    assert data.hex() == recorded["message"]
    message = smp.Message.decode(data)
    assert {key: getattr(message, key) for key in ("op", "group", "command", "sequence", "version")} == {
        key: recorded[key] for key in ("op", "group", "command", "sequence", "version")
    }


def test_smp_reads_the_frames_we_write() -> None:
    messages = [
        smp.Message(smp.Op.WRITE, smp.Group.PETIOLE, smp.Petiole.PAYLOAD, 200, {"data": b"x" * size}).encode()
        for size in (0, 1, 80, 81, 82, 90, 91, 92, 1500)
    ]
    frames = [smp.encode_frames(message).hex() for message in messages]
    assert SMP("read_frames", all_frames=frames) == [message.hex() for message in messages]


def test_smp_reads_our_header_and_body() -> None:
    answer = smp.Message(smp.Op.WRITE_ANSWER, smp.Group.OS, smp.Os.ECHO, 77, {"r": "hello"}).encode()
    assert SMP("read_header", message=answer.hex()) == {
        "op": 3,
        "version": 1,
        "length": len(answer) - 8,
        "group": 0,
        "sequence": 77,
        "command": 0,
    }
    assert SMP("read_echo", message=answer.hex()) == "hello"
