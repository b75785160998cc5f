"""Trust anchors: P-256 keys, removal, and rotations sent to devices."""

from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi.testclient import TestClient

from fleet.operations import Operations
from tests.fleet.helpers import PUBLIC_KEY, SEED, Device, enroll_board, wait_until
from wire import cose, rotation

OLD = bytes.fromhex(PUBLIC_KEY)
NEW = cose.public_key(b"n" * 32)
POINT = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


def put(api: Any, device: str, message: bytes, **query: str) -> httpx.Response:
    reply: httpx.Response = api.put(f"devices/{device}/anchors", json={"rotation": message.hex()}, params=query)
    return reply


def test_keys_of_both_kinds_are_anchors_and_can_be_removed(api: TestClient) -> None:
    for name, key in (("old", OLD), ("point", POINT)):
        assert api.post("anchors", json={"public_key": key.hex(), "name": name}).status_code == 201
    listed = api.get("anchors").json()
    assert [(row["name"], row["kid"]) for row in listed] == [
        ("old", cose.kid(OLD).hex()),
        ("point", cose.kid(POINT).hex()),
    ]
    assert api.delete(f"anchors/{cose.kid(OLD).hex()}").status_code == 204
    assert [row["name"] for row in api.get("anchors").json()] == ["point"]
    assert api.delete(f"anchors/{cose.kid(OLD).hex()}").json()["error"]["code"] == "no-such-anchor"
    assert api.post("anchors", json={"public_key": "04" * 33, "name": "bad"}).json()["error"]["code"] == "malformed"


@pytest.mark.parametrize("text", ["zz", "", "00", "d2"])
def test_what_is_no_rotation_is_refused(api: TestClient, fleet: Operations, text: str) -> None:
    fleet.add_site("greenhouse")
    enroll_board(fleet, "board-1")
    reply = api.put("devices/board-1/anchors", json={"rotation": text})
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "malformed")


def test_a_rotation_reaches_the_device_and_its_report_ends_it(
    live_fleet: Operations, device: Device, live_api: httpx.Client
) -> None:
    first = rotation.make([NEW, OLD], 5, SEED)
    device.report(0, anchors=[cose.kid(OLD)])
    wait_until(lambda: live_fleet.device(device.name).anchors == [cose.kid(OLD).hex()], "the report")
    stranger = rotation.make([NEW], 6, b"s" * 32)
    assert put(live_api, device.name, stranger).json()["error"]["code"] == "unknown-key"
    assert put(live_api, device.name, first).status_code == 200
    sent = device.desired()
    assert (sent.anchors, sent.revision) == (first, 1)
    shown = live_api.get(f"devices/{device.name}").json()
    kids = [cose.kid(NEW).hex(), cose.kid(OLD).hex()]
    assert shown["rotation"] == {"sequence": 5, "anchors": kids, "done": False}
    device.report(1, anchors=[cose.kid(NEW), cose.kid(OLD)])
    wait_until(lambda: (r := live_fleet.device(device.name).rotation) and r.done, "the rotation to be done")
    again = rotation.make([NEW], 5, SEED)
    assert put(live_api, device.name, again).json()["error"]["code"] == "old-sequence"
    assert put(live_api, device.name, again, force="true").status_code == 200
    assert device.desired().anchors == again
