"""The vectors that Python and Rust share say what `wire` does, and are what their generator writes."""

import json
import uuid
from typing import Any

import pytest

from tests.vectors.make import FOLDER, make, text
from wire import cose, suit
from wire.errors import MalformedError, RefusedError
from wire.refusals import Refusal

ENVELOPES = json.loads((FOLDER / "envelopes.json").read_text())


@pytest.mark.parametrize("name", make())
def test_files_are_what_the_generator_writes(name: str) -> None:
    assert (FOLDER / name).read_text() == text(make()[name]), "run: python -m tests.vectors.make"


def judge(case: dict[str, Any]) -> str:
    anchors = cose.anchors(bytes.fromhex(anchor) for anchor in ENVELOPES["anchors"])
    class_id = uuid.UUID(case.get("class", ENVELOPES["class"]))
    last_digest = bytes.fromhex(case["last_digest"]) if "last_digest" in case else None
    try:
        manifest = suit.Envelope.parse(bytes.fromhex(case["envelope"])).verify(anchors)
        suit.check(manifest, class_id, case["last_sequence"], last_digest)
    except RefusedError as error:
        return error.name.label
    except MalformedError:
        return Refusal.MALFORMED.label
    return "ok"


@pytest.mark.parametrize("case", ENVELOPES["cases"], ids=lambda case: case["name"])
def test_envelope(case: dict[str, Any]) -> None:
    assert judge(case) == case.get("edge", case["expect"])
