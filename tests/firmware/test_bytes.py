"""What an update costs on the line: the configuration alone, and a small change of the code."""

import pytest

from fleet.services import patches
from provisioning import desk_install
from provisioning.smp_client import SmpClient
from tests.firmware import boards, probe
from tests.firmware.desk import Desk
from tests.firmware.probe import behaving, workload
from wire.smp import Petiole
from wire.suit import Envelope

pytestmark = [pytest.mark.system, boards.each()]

CONFIG_ONLY = 2_048
"""Bytes over the line, both ways, that a release with new configuration may take."""
PATIENT_SECONDS = 40.0
"""No request is sent again, and counted twice, because a busy machine's emulator is slow."""


def test_a_new_configuration_takes_little(desk: Desk) -> None:
    desk.run(workload("app", behaving("old", every=200)))
    bundle = desk.bundle(workload("app", behaving("new", every=200), version="2"))

    def update() -> None:
        before = desk.board.traffic
        with SmpClient(desk.board.port, seconds=PATIENT_SECONDS, shared=True) as client:
            desk_install.install(client, bundle)
            sequence = Envelope.parse(bundle).manifest.sequence
            client.write(Petiole.CONFIRM, {"name": "app", "seq": sequence})
        taken = desk.board.traffic - before
        print(f"configuration alone: {taken} bytes over the line; the code has {len(probe.code())}")
        assert taken < CONFIG_ONLY

    desk.deaf(update)
    desk.events.wait(lambda event: event.get("msg") == "new")


def test_a_small_change_travels_as_a_patch(desk: Desk) -> None:
    """The same component with one line changed, against what runs."""
    desk.run(workload("app", behaving("old", every=200)))
    changed = probe.changed_code()
    bundle = desk.bundle(workload("app", behaving("new", every=200), version="2"), changed)
    patch = patches.make(probe.code(), changed)

    def update() -> None:
        before = desk.board.traffic
        answer = desk_install.send_envelope(desk.client, Envelope.parse(bundle).sever())
        assert (answer["size"], answer["next"]) == (len(changed), 0)
        offset, state = 0, ""
        while state != "staged":
            request = {"off": offset, "data": patch[offset : offset + desk_install.BLOCK]}
            answer = desk.client.write(Petiole.DELTA, request | ({} if offset else {"len": len(patch)}))
            offset, state = answer["off"], answer.get("state", "")
        print(f"a changed line: {desk.board.traffic - before} bytes over the line; the code has {len(changed)}")
        assert desk.board.traffic - before < len(changed) / 2

    desk.deaf(update)
    desk.client.write(Petiole.ACTIVATE, {"name": "app"})
    desk_install.confirm(desk.client, "app", seconds=10)
    desk.events.wait(lambda event: event.get("msg") == "new")
