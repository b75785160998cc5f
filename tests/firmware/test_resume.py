"""A transfer goes on where it stopped, whichever side was reset, and never over other data."""

import pytest

from provisioning import desk_install
from provisioning.errors import DeviceRefusedError
from tests.firmware import boards, probe
from tests.firmware.desk import Desk
from tests.firmware.probe import behaving, workload
from wire.refusals import Refusal
from wire.smp import Petiole
from wire.suit import Envelope

pytestmark = [pytest.mark.system, boards.each()]

BLOCK = desk_install.BLOCK
SENT = 8 * BLOCK


def send_part(desk: Desk, bundle: bytes) -> int:
    """Send the envelope and eight blocks of the code; the offset that the board then wants."""
    envelope = Envelope.parse(bundle)
    offset = int(desk_install.send_envelope(desk.client, envelope.sever())["next"])
    (code,) = envelope.payloads.values()
    while offset < SENT:
        offset = int(desk.client.write(Petiole.PAYLOAD, {"off": offset, "data": code[offset : offset + BLOCK]})["off"])
    return offset


def send_rest(desk: Desk, bundle: bytes) -> int:
    """Send the bundle as a desk that knows nothing of the first part; where the board let it go on."""
    offsets: list[int] = []
    desk_install.install(desk.client, bundle, lambda offset, _: offsets.append(offset))
    desk_install.confirm(desk.client, "app", seconds=10)
    return offsets[0] - BLOCK


def test_after_a_power_cut_of_the_board(desk: Desk) -> None:
    bundle = desk.bundle(workload("app", behaving("fine", every=200)))
    wanted = send_part(desk, bundle)
    desk.board.restart()
    assert wanted - BLOCK <= send_rest(desk, bundle) <= wanted
    desk.wait("app", lambda row: row["calls"] > 1)


def test_after_the_desk_forgot(desk: Desk) -> None:
    bundle = desk.bundle(workload("app", behaving("fine", every=200)))
    assert send_part(desk, bundle) == send_rest(desk, bundle)


def test_another_release_begins_anew(desk: Desk) -> None:
    """Half of one code never becomes part of another."""
    half = desk.bundle(workload("app", behaving("half", every=200)))
    assert send_part(desk, half) == SENT
    other = desk.bundle(workload("app", behaving("other", every=200)), probe.marked(probe.code(), bytes(16)))
    assert send_rest(desk, other) == 0
    desk.events.wait(lambda event: event.get("msg") == "other")


def test_a_changed_byte_is_found_before_anything_runs(desk: Desk) -> None:
    bundle = desk.bundle(workload("app", behaving("fine", every=200)))
    (code,) = Envelope.parse(bundle).payloads.values()
    offset = send_part(desk, bundle)
    broken = code[:offset] + bytes([code[offset] ^ 1]) + code[offset + 1 :]
    with pytest.raises(DeviceRefusedError) as refused:
        while offset < len(code):
            request = {"off": offset, "data": broken[offset : offset + BLOCK]}
            offset = int(desk.client.write(Petiole.PAYLOAD, request)["off"])
    assert refused.value.rc == Refusal.DIGEST_MISMATCH
    assert desk.row("app")["state"] == "failed"
