"""Rotations of trust anchors, by the vectors that boards are tested with."""

import json
from typing import Any

import pytest

from tests.vectors.envelopes import SEED
from tests.vectors.make import FOLDER
from wire import cose, rotation
from wire.errors import MalformedError, RefusedError

ROTATIONS = json.loads((FOLDER / "rotations.json").read_text())
ANCHORS = [bytes.fromhex(anchor) for anchor in ROTATIONS["anchors"]]


@pytest.mark.parametrize("case", ROTATIONS["cases"], ids=lambda case: case["name"])
def test_verdicts(case: dict[str, Any]) -> None:
    try:
        found = rotation.verify(bytes.fromhex(case["message"]), ANCHORS, case["last"])
    except RefusedError as error:
        assert error.name.label == case["expect"]
    except MalformedError:
        assert case["expect"] == "malformed"
    else:
        assert case["expect"] == "ok"
        assert [anchor.hex() for anchor in found.anchors] == case["new"]


def test_what_is_made_is_verified() -> None:
    new = [cose.public_key(bytes(32)), ANCHORS[1]]
    message = rotation.make(new, 7, SEED)
    found = rotation.verify(message, ANCHORS, 6)
    assert (found.sequence, found.anchors, found.kids) == (7, tuple(new), tuple(map(cose.kid, new)))
    assert rotation.read(message) == found
    assert rotation.signer(message) == cose.kid(ANCHORS[0])


@pytest.mark.parametrize("anchors", [[], [b"short"], [b"\x02" + b"\xff" * 32]])
def test_only_keys_are_made_anchors(anchors: list[bytes]) -> None:
    with pytest.raises(MalformedError):
        rotation.make(anchors, 1, SEED)
