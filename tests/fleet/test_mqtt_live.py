"""The fleet and a device over a real nats-server."""

import hashlib
import threading

import httpx

from fleet.operations import Operations
from tests.fleet.helpers import EPOCH, PUBLIC_KEY, SITE, Device, bundle, enroll_board, reported, wait_until
from wire import topics
from wire.messages import Command, CommandReply, Event
from wire.suit import Envelope


def test_a_report_makes_a_device_online(device: Device, live_api: httpx.Client) -> None:
    assert live_api.get(f"devices/{device.name}").json()["status"] == "pending"
    device.report(0, reported(), queued=7)
    shown = wait_until(
        lambda: (d := live_api.get(f"devices/{device.name}").json())["status"] == "online" and d,
        "the device to be online",
    )
    assert shown["workloads"][0]["version"] == "1.0.0"
    assert shown["queue"]["telemetry"] == 7
    assert shown["facts"]["board"] == "qemu-an505"


def test_records_are_stored_once_and_acknowledged(device: Device, live_fleet: Operations) -> None:
    device.telemetry(1, 20.0, 21.0)
    assert device.ack().telemetry == (EPOCH, 2)
    device.telemetry(1, 20.0, 21.0)
    assert device.ack().telemetry == (EPOCH, 2)
    device.telemetry(4, 23.0)
    assert device.ack().telemetry == (EPOCH, 2)
    device.telemetry(3, 22.0)
    assert device.ack().telemetry == (EPOCH, 4)
    rows = live_fleet.telemetry(device.name)
    assert [(row.seq, row.value) for row in rows] == [(1, 20.0), (2, 21.0), (4, 23.0), (3, 22.0)]


def test_events_are_stored_and_make_history(device: Device, live_fleet: Operations) -> None:
    device.events(
        1,
        Event(time=1000, kind="log", workload="thermometer", level="info", message="hello"),
        Event(
            time=2000,
            kind="state",
            workload="thermometer",
            version="3",
            state="rolled-back",
            reason="trap: unreachable",
        ),
    )
    assert device.ack().event == (EPOCH, 2)
    assert [event.kind for event in live_fleet.events(device.name)] == ["log", "state"]
    assert [change.reason for change in live_fleet.history(device.name)] == ["trap: unreachable"]


def test_desired_goes_out_on_change_and_to_a_device_that_is_behind(device: Device, live_fleet: Operations) -> None:
    live_fleet.add_anchor("release", PUBLIC_KEY)
    code = b"some code" * 10_000
    release = live_fleet.add_release(bundle(code=code))
    revision = live_fleet.deploy(device.name, "thermometer", release.release)
    desired = device.desired()
    assert desired.revision == revision
    (workload,) = desired.workloads
    assert workload.digest == hashlib.sha256(code).digest()
    assert Envelope.parse(workload.envelope).manifest_digest == workload.release
    live_fleet.deploy(device.name, "thermometer", release.release)
    assert device.desired().revision == revision + 1
    answer = device.block(workload.digest, 50_000, 65_536)
    assert (answer.size, answer.data) == (len(code), code[50_000:])
    assert device.block(bytes(32), 0, 10).error is not None


def test_a_device_that_missed_its_desired_state_gets_it_after_its_report(
    live_fleet: Operations, device: Device
) -> None:
    live_fleet.add_anchor("release", PUBLIC_KEY)
    release = live_fleet.add_release(bundle())
    name = f"{device.name}-late"
    enroll_board(live_fleet, name)
    revision = live_fleet.deploy(name, "thermometer", release.release)
    with Device(name, live_fleet.settings.broker.port) as late:
        late.report(0)
        assert late.desired().revision == revision


def test_what_is_malformed_or_foreign_is_counted_and_the_rest_goes_on(device: Device, live_fleet: Operations) -> None:
    before = live_fleet.health().counters
    device.send(topics.TELEMETRY, b"\xff\x00 no cbor")
    device.send(topics.REPORTED, b"")
    device.send(topics.TELEMETRY, b"\xa0", device="nobody")
    device.send(topics.TELEMETRY, b"\xa0", site="elsewhere")
    device.telemetry(1, 1.0)
    assert device.ack().telemetry == (EPOCH, 1)
    after = live_fleet.health().counters
    assert after["malformed"] == before["malformed"] + 2
    assert after["foreign"] == before["foreign"] + 2
    assert after["failed"] == 0


def test_a_command_gets_its_answer(device: Device, live_api: httpx.Client) -> None:
    def answer() -> None:
        command = Command.decode(device.inbox[topics.COMMAND].get(timeout=30))
        device.send(topics.COMMAND_REPLY, CommandReply(command.id, ok=True, result={"pong": b"\x01"}).encode())

    thread = threading.Thread(target=answer)
    thread.start()
    reply = live_api.post(f"devices/{device.name}/commands", json={"command": "ping"})
    thread.join()
    assert reply.json()["result"] == {"pong": "01"}
    silent = live_api.post(f"devices/{device.name}/commands?seconds=0.05", json={"command": "ping"})
    assert (silent.status_code, silent.json()["error"]["code"]) == (504, "no-answer")


def test_sites_are_counted(live_api: httpx.Client, device: Device) -> None:
    sites = {site["name"]: site for site in live_api.get("sites").json()}
    assert sites[SITE]["devices"] >= 1
