"""Whatever is sent to the API, the answer is one of its errors, never a fault of the server."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleet.operations import Operations
from tests.fleet.helpers import PUBLIC_KEY, SEED, bundle, enroll_board
from wire import cose, rotation

few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
GOOD_BUNDLE = bundle(code=b"c" * 40)
GOOD_ROTATION = rotation.make([cose.public_key(b"n" * 32)], 5, SEED)


@pytest.fixture(autouse=True)
def known(fleet: Operations) -> None:
    fleet.add_site("greenhouse")
    fleet.add_anchor("release", PUBLIC_KEY)
    enroll_board(fleet, "board-1")


def damaged(sample: bytes) -> st.SearchStrategy[bytes]:
    """The sample with a few bytes replaced, left out or added."""
    return st.tuples(st.integers(0, len(sample)), st.integers(0, 3), st.binary(max_size=3)).map(
        lambda change: sample[: change[0]] + change[2] + sample[change[0] + change[1] :]
    )


@few
@given(data=st.binary(max_size=60) | damaged(GOOD_BUNDLE), force=st.booleans())
def test_bundles(api: TestClient, data: bytes, force: bool) -> None:
    headers = {"Content-Type": "application/octet-stream"}
    reply = api.post("releases", content=data, params={"force": str(force).lower()}, headers=headers)
    assert reply.status_code in (201, 400, 409, 422), reply.text


@few
@given(data=st.binary(max_size=60) | damaged(GOOD_ROTATION), force=st.booleans())
def test_rotations(api: TestClient, data: bytes, force: bool) -> None:
    params = {"force": str(force).lower()}
    reply = api.put("devices/board-1/anchors", json={"rotation": data.hex()}, params=params)
    assert reply.status_code in (200, 400, 409), reply.text
    assert api.get("devices/board-1").status_code == 200


@few
@given(
    body=st.fixed_dictionaries(
        {"subject": st.text(max_size=70)},
        optional={"text": st.text(max_size=20), "data": st.text(max_size=20), "reply": st.text(max_size=70)},
    )
)
def test_messages(api: TestClient, body: dict[str, str]) -> None:
    reply = api.post("devices/board-1/messages", json=body)
    assert reply.status_code in (400, 503), reply.text


@few
@given(key=st.text(max_size=70) | st.binary(min_size=31, max_size=34).map(bytes.hex), name=st.text(max_size=8))
def test_anchors(api: TestClient, key: str, name: str) -> None:
    reply = api.post("anchors", json={"public_key": key, "name": name})
    assert reply.status_code in (201, 400), reply.text
