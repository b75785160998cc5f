"""Releases from desired to running, through a real broker and real agent processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.edge_host import components
from tests.edge_host.conftest import AgentProcess, Broker
from tests.edge_host.fleet_double import KEPT, FleetDouble, Made, Received, make_release
from wire.descriptor import Grant, Limits, Probation

DEVICE = "edge-1"
OTHER_SEED = bytes(range(1, 33))
NewAgent = Callable[..., AgentProcess]


def states(received: Received, version: str | None = None) -> list[str]:
    """The states that events tell, in order."""
    events = [received.events[key] for key in sorted(received.events)]
    return [str(e.state) for e in events if e.kind == "state" and version in (None, e.version)]


def start_confirmed(fleet: FleetDouble, agent: AgentProcess, release: Made) -> None:
    agent.start()
    fleet.wait(DEVICE, lambda received: received.reported, "first report")
    fleet.desire(DEVICE, release)
    fleet.wait_state(DEVICE, release.desired.name, "confirmed")


def test_a_release_is_fetched_verified_run_and_confirmed(fleet: FleetDouble, new_agent: NewAgent) -> None:
    agent = new_agent().start()
    fleet.wait(DEVICE, lambda received: received.reported, "first report")
    revision = fleet.desire(DEVICE, make_release("thermometer", components.thermometer()))
    entry = fleet.wait_state(DEVICE, "thermometer", "confirmed")
    assert (entry.version, entry.sequence, entry.reason, entry.previous) == ("1.0", 1, "", None)
    measured = fleet.wait(DEVICE, lambda received: received.telemetry, "telemetry")
    first = measured[min(measured)]
    assert (first.device, first.workload, first.name, first.value) == (DEVICE, "thermometer", "t", 23.5 * 256)
    received = fleet.received(DEVICE)
    assert received.reported[-1].revision == revision
    instances = fleet.wait(DEVICE, lambda received: received.reported[-1].facts.get("instances"), "instances")
    ((name, counts),) = instances.items()
    assert (name.partition("/")[0], name.rpartition(" ")[2]) == ("thermometer", "1.0")
    assert counts["made"] >= counts["most"] >= 1
    way = ["offered", "downloading", "verified", "staged", "probation", "confirmed"]
    fleet.wait(DEVICE, lambda received: states(received, "1.0") == way, "all states")
    assert agent.stop() == 0


def test_the_world_of_a_simulated_sensor_is_a_file(fleet: FleetDouble, new_agent: NewAgent) -> None:
    agent = new_agent()
    start_confirmed(fleet, agent, make_release("thermometer", components.thermometer()))
    agent.thermometer.write_text("-5.5\n")
    fleet.wait(DEVICE, lambda r: any(m.value == (-5.5 * 256) % 65536 for m in r.telemetry.values()), "-5.5")


def test_a_refused_release_is_named_and_the_running_one_stays(fleet: FleetDouble, new_agent: NewAgent) -> None:
    start_confirmed(fleet, new_agent(), make_release("thermometer", components.sender()))
    nowhere = {"wasi:i2c/i2c@0.2.0-draft": Grant(("nowhere",))}
    refused = {
        "unknown-key": make_release("thermometer", components.idle(), 2, seed=OTHER_SEED),
        "wrong-class": make_release("thermometer", components.idle(), 2, profile="another"),
        "old-sequence": make_release("thermometer", components.failing(), 1),
        "malformed": _with_envelope(b"not CBOR at all \xff"),
        "bad-signature": _flipped(),
        "not-granted": make_release("thermometer", components.sender(), 2, grants={}),
        "no-such-label": make_release("thermometer", components.idle(), 3, grants=nowhere),
        "incompatible": make_release("thermometer", b"\0asm is not a component", 4),
        "over-limit": make_release("thermometer", components.idle(), 5, limits=Limits(memory=1)),
    }
    for refusal, release in refused.items():
        fleet.desire(DEVICE, release)
        ended = "rolled-back" if refusal == "over-limit" else "failed"
        entry = fleet.wait_release(DEVICE, release, ended, f"{refusal}: ")
        assert entry.previous == "1.0"
        fleet.wait_telemetry(DEVICE, len(fleet.received(DEVICE).telemetry))
    told = [event.reason for event in fleet.received(DEVICE).events.values() if event.kind == "refused"]
    assert [reason.partition(":")[0] for reason in told if reason] == list(refused)[:-1]


def _with_envelope(envelope: bytes) -> Made:
    made = make_release("thermometer", components.idle(), 2)
    return replace(made, desired=replace(made.desired, envelope=envelope))


def _flipped() -> Made:
    made = make_release("thermometer", components.idle(), 2)
    envelope = bytearray(made.desired.envelope)
    signature = envelope.index(b"\xf6\x58\x40") + 3
    envelope[signature + 5] ^= 1
    return _with_envelope(bytes(envelope))


def test_other_bytes_than_the_manifest_says_are_refused(fleet: FleetDouble, new_agent: NewAgent) -> None:
    new_agent().start()
    made = make_release("thermometer", components.sender())
    fleet.payloads[made.desired.digest] = bytes(len(made.payload))
    fleet.desire(DEVICE, made)
    fleet.wait(DEVICE, lambda received: received.reported, "first report")
    fleet.desire(DEVICE, made)
    assert fleet.wait_state(DEVICE, "thermometer", "failed").reason.startswith("digest-mismatch: ")


def test_a_release_that_traps_on_probation_is_taken_back(fleet: FleetDouble, new_agent: NewAgent) -> None:
    agent = new_agent()
    start_confirmed(fleet, agent, make_release("thermometer", components.sender()))
    bad = make_release(
        "thermometer", components.trapping(3, ("send",)), 2, probation=Probation(calls=50, seconds=60), edge=KEPT
    )
    fleet.desire(DEVICE, bad)
    entry = fleet.wait_state(DEVICE, "thermometer", "rolled-back")
    assert entry.reason == "trap: unreachable"
    assert (entry.version, entry.previous) == ("2.0", "1.0")
    trap = fleet.wait(DEVICE, lambda r: next((e for e in r.events.values() if e.kind == "stop"), None), "stop")
    assert trap.version == "2.0"
    assert "wasm backtrace" in str(trap.message)
    fleet.wait_telemetry(DEVICE, len(fleet.received(DEVICE).telemetry))
    agent.kill()
    fleet.forget()
    agent.start()
    assert fleet.wait_state(DEVICE, "thermometer", "rolled-back").reason == entry.reason
    fleet.wait_telemetry(DEVICE, len(fleet.received(DEVICE).telemetry))
    fleet.desire(DEVICE, make_release("thermometer", components.sender()))
    assert fleet.wait_state(DEVICE, "thermometer", "confirmed").version == "1.0"
    fleet.desire(DEVICE, make_release("thermometer", components.idle(), 3))
    fleet.wait_state(DEVICE, "thermometer", "confirmed", "3.0")


def test_a_first_release_that_fails_leaves_nothing_running(fleet: FleetDouble, new_agent: NewAgent) -> None:
    new_agent().start()
    fleet.wait(DEVICE, lambda received: received.reported, "first report")
    fleet.desire(DEVICE, make_release("spinner", components.spinning(), limits=Limits(fuel_per_call=100_000)))
    entry = fleet.wait_state(DEVICE, "spinner", "failed")
    assert entry.reason == "fuel: more than 100000 in one call"
    assert entry.previous is None


def test_without_a_round_trip_to_the_fleet_a_release_is_taken_back(fleet: FleetDouble, new_agent: NewAgent) -> None:
    start_confirmed(fleet, new_agent(), make_release("thermometer", components.sender()))
    fleet.acknowledging = False
    fleet.desire(DEVICE, make_release("thermometer", components.sender(21.0), 2, probation=Probation(1, 1)))
    entry = fleet.wait_state(DEVICE, "thermometer", "rolled-back")
    assert entry.reason == "probation-timeout: no acknowledgement of the fleet"


def test_errors_of_the_handler_are_logged_and_do_not_count(fleet: FleetDouble, new_agent: NewAgent) -> None:
    new_agent().start()
    fleet.wait(DEVICE, lambda received: received.reported, "first report")
    fleet.desire(DEVICE, make_release("thermometer", components.failing("no sensor"), probation=Probation(3, 1)))
    entry = fleet.wait_state(DEVICE, "thermometer", "failed")
    assert entry.reason == "probation-timeout: 3 more good calls of thermometer"
    fleet.wait(DEVICE, lambda r: any(e.message == "no sensor" for e in r.events.values()), "the handler's error")


def test_an_equal_component_needs_no_second_download(fleet: FleetDouble, new_agent: NewAgent) -> None:
    start_confirmed(fleet, new_agent(), make_release("thermometer", components.sender()))
    asked = len(fleet.received(DEVICE).requests)
    fleet.desire(DEVICE, make_release("thermometer", components.sender(), 2, every_ms=20))
    fleet.wait_state(DEVICE, "thermometer", "confirmed", "2.0")
    assert len(fleet.received(DEVICE).requests) == asked


def test_what_is_no_longer_desired_is_removed_and_its_sequence_kept(fleet: FleetDouble, new_agent: NewAgent) -> None:
    agent = new_agent()
    start_confirmed(fleet, agent, make_release("thermometer", components.sender(), 2))
    fleet.desire(DEVICE)
    fleet.wait(DEVICE, lambda r: r.reported[-1].workloads == (), "empty report")
    assert list((agent.state / "payloads").iterdir()) == []
    fleet.desire(DEVICE, make_release("thermometer", components.idle(), 1))
    assert fleet.wait_state(DEVICE, "thermometer", "failed").reason.startswith("old-sequence: ")


def test_a_download_goes_on_where_the_plug_was_pulled(fleet: FleetDouble, new_agent: NewAgent) -> None:
    agent = new_agent()
    start_confirmed(fleet, agent, make_release("thermometer", components.sender()))
    fleet.served_blocks = 2
    fleet.desire(DEVICE, make_release("thermometer", components.padded(components.sender(21.0), 150_000), 2))
    fleet.wait(DEVICE, lambda r: any(request.offset == 65_536 for request in r.requests), "third request")
    entry = fleet.wait_state(DEVICE, "thermometer", "downloading")
    assert entry.previous == "1.0"
    agent.kill()
    fleet.forget()
    agent.start()
    fleet.wait_telemetry(DEVICE, len(fleet.received(DEVICE).telemetry))
    fleet.wait(DEVICE, lambda received: received.requests, "request")
    assert fleet.wait_state(DEVICE, "thermometer", "downloading").offset == 65_536
    fleet.served_blocks = None
    fleet.wait_state(DEVICE, "thermometer", "confirmed", "2.0")
    assert {request.offset for request in fleet.received(DEVICE).requests} == {65_536, 98_304, 131_072}


@pytest.mark.parametrize("state", ["downloading", "probation"])
def test_killed_in_any_state_a_release_still_arrives(state: str, fleet: FleetDouble, new_agent: NewAgent) -> None:
    agent = new_agent().start()
    fleet.wait(DEVICE, lambda received: received.reported, "first report")
    fleet.acknowledging = state != "probation"
    fleet.serving = state != "downloading"
    fleet.desire(DEVICE, make_release("thermometer", components.sender()))
    fleet.wait_state(DEVICE, "thermometer", state)
    agent.kill()
    fleet.forget()
    fleet.acknowledging = fleet.serving = True
    agent.start()
    fleet.wait_state(DEVICE, "thermometer", "confirmed")


def test_a_release_that_takes_the_agent_down_is_taken_back(fleet: FleetDouble, new_agent: NewAgent) -> None:
    agent = new_agent()
    start_confirmed(fleet, agent, make_release("thermometer", components.sender()))
    fleet.acknowledging = False
    fleet.desire(DEVICE, make_release("thermometer", components.sender(21.0), 2))
    for _ in range(3):
        fleet.wait_state(DEVICE, "thermometer", "probation")
        agent.kill()
        fleet.forget()
        agent.start()
    entry = fleet.wait_state(DEVICE, "thermometer", "rolled-back")
    assert entry.reason == "probation-timeout: 3 starts were not confirmed"


def test_without_a_network_everything_comes_back_and_nothing_is_lost(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    broker.start()
    agent = AgentProcess(tmp_path / "edge", broker.port)
    try:
        with FleetDouble(broker.port) as fleet:
            start_confirmed(fleet, agent, make_release("thermometer", components.sender()))
            before = fleet.wait_telemetry(DEVICE, 0)
        agent.kill()
        broker.stop()
        agent.start()
        grown = _wait_for_outbox(agent, 20)
        agent.kill()
        agent.start()
        grown = _wait_for_outbox(agent, grown + 20)
        broker.start()
        with FleetDouble(broker.port) as fleet:
            telemetry = fleet.wait(
                DEVICE, lambda r: r.telemetry if len(r.telemetry) >= grown else None, "what was measured offline"
            )
            numbers = sorted(seq for _, seq in telemetry)
            assert numbers == list(range(numbers[0], numbers[-1] + 1))
            assert numbers[0] <= before + 1
            assert len({epoch for epoch, _ in telemetry}) == 1
    finally:
        agent.kill()
        broker.stop()
        print(agent.log.read_text())


def _wait_for_outbox(agent: AgentProcess, count: int) -> int:
    import shutil
    import time

    from edge_host.outbox import Outbox

    for attempt in range(600):
        copy = shutil.copytree(agent.state / "outbox", agent.folder / f"copy-{attempt}")
        outbox = Outbox(copy)
        held = outbox.depth(DEVICE).telemetry
        outbox.close()
        shutil.rmtree(copy)
        if held >= count:
            return held
        time.sleep(0.05)
    raise AssertionError(f"{held} records in the outbox")


def test_commands_are_answered(fleet: FleetDouble, new_agent: NewAgent) -> None:
    start_confirmed(fleet, new_agent(), make_release("thermometer", components.sender()))
    assert fleet.command(DEVICE, "ping").ok
    assert fleet.command(DEVICE, "restart", workload="thermometer").ok
    fleet.wait_telemetry(DEVICE, len(fleet.received(DEVICE).telemetry))
    wrong = fleet.command(DEVICE, "restart", workload="nothing")
    assert (wrong.ok, wrong.error) == (False, "no workload 'nothing' on this device; it has thermometer")
    reports = len(fleet.received(DEVICE).reported)
    assert fleet.command(DEVICE, "report").ok
    fleet.wait(DEVICE, lambda received: len(received.reported) > reports, "report")
    assert "unknown command" in str(fleet.command(DEVICE, "explode").error)


def test_nonsense_on_any_topic_ends_nothing(fleet: FleetDouble, new_agent: NewAgent) -> None:
    start_confirmed(fleet, new_agent(), make_release("thermometer", components.sender()))
    for kind in ("desired", "ack", "cmd", f"block/{'0' * 64}"):
        for payload in (b"", b"\xff", b"\x80", b"\xa0", b"\xa1\x61a\x01"):
            fleet.publish(DEVICE, kind, payload)
    assert fleet.command(DEVICE, "ping").ok
    fleet.wait_telemetry(DEVICE, len(fleet.received(DEVICE).telemetry))


def test_limits_are_told_and_do_not_stop_others(fleet: FleetDouble, new_agent: NewAgent) -> None:
    new_agent().start()
    fleet.wait(DEVICE, lambda received: received.reported, "first report")
    quiet = make_release("quiet", components.sender(), every_ms=250)
    loud = make_release("loud", components.logger(), every_ms=5, limits=Limits(messages_per_second=2))
    fleet.desire(DEVICE, quiet, loud)
    event = fleet.wait(DEVICE, lambda r: next((e for e in r.events.values() if e.kind == "limit"), None), "limit")
    assert (event.workload, event.version) == ("loud", "1.0")
    assert event.message == "component loud reached its limit of messages-per-second: 2"
    fleet.wait_state(DEVICE, "loud", "confirmed")
    fleet.wait_state(DEVICE, "quiet", "confirmed")


def test_a_second_agent_on_the_same_state_names_the_holder(fleet: FleetDouble, new_agent: NewAgent) -> None:
    first = new_agent().start()
    fleet.wait(DEVICE, lambda received: received.reported, "first report")
    second = new_agent()
    assert first.process is not None
    assert second.start().wait() == 1
    said = second.log.read_text().splitlines()[-1]
    assert said.startswith("edge_host: state folder ")
    assert f"process {first.process.pid} (petiole agent {DEVICE}" in said


def test_a_second_agent_with_the_same_identity_is_told(fleet: FleetDouble, new_agent: NewAgent) -> None:
    new_agent("one").start()
    new_agent("two").start()
    fleet.wait(
        DEVICE,
        lambda r: any(e.kind == "link" and "another agent" in str(e.message) for e in r.events.values()),
        "link event",
        60,
    )


def test_a_manifest_that_was_refused_is_taken_in_a_good_envelope(fleet: FleetDouble, new_agent: NewAgent) -> None:
    start_confirmed(fleet, new_agent(), make_release("thermometer", components.sender()))
    fleet.desire(DEVICE, _flipped())
    fleet.wait_release(DEVICE, _flipped(), "failed", "bad-signature: ")
    fleet.desire(DEVICE, make_release("thermometer", components.idle(), 2))
    fleet.wait_state(DEVICE, "thermometer", "confirmed", "2.0")
