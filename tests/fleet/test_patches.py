"""Patches between releases: made at the upload, offered to boards, served like code."""

import hashlib
import io
from typing import Any

import detools
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.operations import Operations
from fleet.services import patches
from tests.fleet.helpers import PUBLIC_KEY, Device, bundle, reported, wait_until
from wire import delta
from wire.profiles import EDGE_PROFILE

CODE = hashlib.shake_256(b"7").digest(20_000)
CHANGED = CODE[:9_000] + b"another line" + CODE[9_012:]


@pytest.fixture(autouse=True)
def anchor(request: pytest.FixtureRequest) -> None:
    for name in {"fleet", "live_fleet"} & set(request.fixturenames):
        request.getfixturevalue(name).add_anchor("release", PUBLIC_KEY)


def upload(api: TestClient, data: bytes) -> dict[str, Any]:
    reply = api.post("releases", content=data, headers={"Content-Type": "application/octet-stream"})
    assert reply.status_code == 201, reply.text
    view: dict[str, Any] = reply.json()
    return view


def applied(patch: bytes, base: bytes) -> bytes:
    _, body = delta.split(patch)
    out = io.BytesIO()
    detools.apply_patch(io.BytesIO(base), io.BytesIO(body), out)
    return out.getvalue()


@given(st.binary(max_size=400), st.binary(min_size=1, max_size=400))
@settings(max_examples=60, deadline=None)
def test_a_patch_makes_the_new_code(base: bytes, new: bytes) -> None:
    patch = patches.make(base, new)
    header, _ = delta.split(patch)
    assert header == delta.Header(hashlib.sha256(base).digest(), hashlib.sha256(new).digest(), len(new))
    assert applied(patch, base) == new


def test_an_upload_makes_patches_from_earlier_releases(api: TestClient) -> None:
    first = upload(api, bundle("1.0", code=CODE))
    assert first["patches"] == {}
    second = upload(api, bundle("1.1", sequence=2, code=CHANGED))
    assert list(second["patches"]) == [first["digest"]]
    assert second["patches"][first["digest"]] < 600
    again = upload(api, bundle("1.2", sequence=3, code=CHANGED))
    assert again["patches"] == second["patches"]
    back = upload(api, bundle("1.3", sequence=4, code=CODE))
    assert list(back["patches"]) == [second["digest"]]


def test_what_gets_no_patch(api: TestClient) -> None:
    upload(api, bundle("1.0", code=CODE))
    assert upload(api, bundle("2.0", sequence=2, code=hashlib.shake_256(b"8").digest(20_000)))["patches"] == {}
    assert upload(api, bundle("1.0", code=CHANGED, workload="other"))["patches"] == {}
    upload(api, bundle("1.0", code=CODE, profile=EDGE_PROFILE))
    assert upload(api, bundle("1.1", sequence=2, code=CHANGED, profile=EDGE_PROFILE))["patches"] == {}


def test_a_device_is_offered_patches_and_gets_them_in_blocks(live_fleet: Operations, device: Device) -> None:
    first = live_fleet.add_release(bundle("1.0", code=CODE))
    newer = CODE[:500] + b"x" + CODE[501:]
    live_fleet.add_release(bundle("1.1", sequence=2, code=newer))
    last = live_fleet.add_release(bundle("1.2", sequence=3, code=CHANGED))
    assert len(last.patches) == 2
    device.report(0, reported("1.0", release=bytes.fromhex(first.release)))
    wait_until(lambda: live_fleet.workloads(device.name), "the report")
    live_fleet.deploy(device.name, "thermometer", last.release)
    (wanted,) = device.desired().workloads
    assert wanted.deltas is not None
    offer = wanted.deltas[0]
    assert offer.base.hex() == first.digest
    patch = b""
    while len(patch) < offer.size:
        answer = device.block(offer.digest, len(patch), 100)
        assert answer.data is not None
        patch += answer.data
    assert hashlib.sha256(patch).digest() == offer.digest
    assert applied(patch, CODE) == CHANGED


def test_codes_of_several_components_travel_as_one(live_fleet: Operations, device: Device) -> None:
    release = live_fleet.add_release(bundle("1.0", code=b"a" * 17, more=(b"b" * 5,), workload="pair"))
    live_fleet.deploy(device.name, "pair", release.release)
    (wanted,) = device.desired().workloads
    joined = b"a" * 17 + bytes(15) + b"b" * 5
    assert (wanted.digest, wanted.size, wanted.deltas) == (hashlib.sha256(joined).digest(), len(joined), None)
    assert device.block(wanted.digest, 0, 100).data == joined
