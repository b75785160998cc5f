"""`petiole deploy`: what is registered and desired, what is shown on the way, and when it counts as done."""

import hashlib
import json
import threading
import time

import pytest
from nacl.signing import SigningKey

from provisioning import bundle_registry, deployment, keys
from provisioning.api import connect
from provisioning.bundle import Bundle, Target
from provisioning.commands import deploy as command
from provisioning.errors import DeploymentError
from tests import registry
from tests.provisioning import workloads
from tests.provisioning.board_double import PROFILE
from tests.provisioning.bundles import SEED, bundle, digest
from tests.provisioning.conftest import SITE, Petiole
from tests.provisioning.reporting import Reporting, workload
from wire import profiles
from wire.oci import Reference
from wire.suit import Envelope

STATES = ("offered", "downloading", "verified", "staged", "probation")


@pytest.fixture
def suit(tmp_path):
    path = tmp_path / "thermometer.suit"
    path.write_bytes(bundle())
    return path


@pytest.fixture
def device(fleet):
    """A board known to the fleet, and what it reports."""
    fleet.add_anchor("release", bytes(SigningKey(SEED).verify_key).hex())
    token = fleet.new_token(SITE).token
    fleet.enroll(token=token, device="b-1", kind="board", public_key="ab" * 32, csr=None, facts={"profile": PROFILE})
    reporting = Reporting(fleet, SITE, "b-1", {"profile": PROFILE})
    reporting.report(0)
    yield reporting
    reporting.close()


class Answering:
    """Reports once the fleet desires something, as the device would; a context manager."""

    def __init__(self, fleet, device, *steps):
        self._fleet, self._device, self._steps = fleet, device, steps
        self._before = fleet.device(device.name).revision.desired
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._thread.join()

    def _run(self):
        while (view := self._fleet.device(self._device.name)).revision.desired == self._before:
            time.sleep(0.01)
        for state, changes in self._steps:
            self._device.event(
                "state", workload="thermometer", version="2.0.0", state=state, **changes.pop("event", {})
            )
            self._device.report(view.revision.desired, workload(view.desired[0].release, state, **changes))


def test_bundle_is_registered_and_desired(petiole, fleet, device, suit):
    result = petiole("deploy", str(suit), "--device", "b-1")
    assert result.exit_code == 0, result.output
    assert "thermometer 2.0.0 (sequence 7) to b-1" in result.stdout
    assert [entry.release for entry in fleet.device("b-1").desired] == [digest(suit.read_bytes())]


def test_a_bundle_in_a_registry_is_deployed_from_there(petiole, fleet, device, suit, tmp_path):
    with registry.registry(tmp_path / "registry") as address:
        place = bundle_registry.push(suit.read_bytes(), "x", Reference(address, "farm/thermometer", "2.0.0"))
        result = petiole("deploy", "-f", str(place), "--device", "b-1")
    assert result.exit_code == 0, result.output
    assert [entry.release for entry in fleet.device("b-1").desired] == [digest(suit.read_bytes())]


def test_deploy_wants_one_thing(petiole):
    for arguments in ((), ("a.suit", "-f", "b.suit")):
        assert petiole("deploy", *arguments, "--device", "b-1").exit_code == 2


def test_wait_shows_every_state_and_ends_well_when_confirmed(petiole, fleet, device, suit):
    steps: list[tuple[str, dict[str, str]]] = [(state, {}) for state in (*STATES, "confirmed")]
    with Answering(fleet, device, *steps):
        result = petiole("deploy", str(suit), "--device", "b-1", "--wait")
    assert result.exit_code == 0, result.output
    shown = [line.split(" s  ")[1] for line in result.stdout.splitlines() if line.startswith("  +")]
    assert shown[-1] == "confirmed"
    assert [state for state in (*STATES, "confirmed") if state in shown] == shown
    assert "b-1: confirmed after" in result.stdout


def test_rolled_back_is_told_with_its_reason_and_exit_code_1(petiole, fleet, device, suit):
    reason = "trap: unreachable at 0x1a"
    steps = [("probation", {}), ("rolled-back", {"reason": reason, "previous": "1.0.0", "event": {"reason": reason}})]
    with Answering(fleet, device, *steps):
        result = petiole("deploy", str(suit), "--device", "b-1", "--wait")
    assert result.exit_code == 1
    assert f"b-1: rolled-back: {reason}" in result.output
    assert "petiole logs b-1" in result.output


def test_json_names_state_reason_and_seconds(petiole, fleet, device, suit):
    with Answering(fleet, device, ("failed", {"reason": "bad-signature: no"})):
        result = petiole("deploy", str(suit), "--device", "b-1", "--wait", "--json")
    assert result.exit_code == 1
    (entry,) = json.loads(result.stdout)
    assert (entry["device"], entry["state"], entry["reason"]) == ("b-1", "failed", "bad-signature: no")


def test_wait_follows_a_transfer(fleet_url, device):
    with connect(fleet_url) as api:
        target = deployment.start(api, "b-1", api.add_release(bundle()))
        device.report(target.revision, workload(target.release, "downloading", offset=1024))
        seen = []

        def report(progress):
            seen.append((progress.state, progress.offset))
            if progress.offset == 1024:
                device.report(target.revision, workload(target.release, "downloading", offset=2048))
            elif progress.offset == 2048:
                device.report(target.revision, workload(target.release, "confirmed"))

        assert deployment.watch(api, target, 20, report).confirmed
    assert ("downloading", 1024) in seen
    assert ("downloading", 2048) in seen


def test_wait_is_not_misled_by_an_old_end_of_the_same_release(fleet_url, device):
    with connect(fleet_url) as api:
        release = api.add_release(bundle())
        first = deployment.start(api, "b-1", release)
        device.report(first.revision, workload(first.release, "failed", reason="flash: worn out"))
        again = deployment.start(api, "b-1", release)
        if again.revision > first.revision:
            with pytest.raises(DeploymentError):
                deployment.watch(api, again, 0.3, lambda progress: None)
        device.report(again.revision, workload(again.release, "confirmed"))
        assert deployment.watch(api, again, 20, lambda progress: None).confirmed


def test_wait_gives_up_looking_and_says_so(petiole, device, suit):
    result = petiole("deploy", str(suit), "--device", "b-1", "--wait", "--timeout", "1")
    assert result.exit_code == 1
    assert "not confirmed after 1 s" in result.output
    assert "petiole status b-1" in result.output


def test_unsigned_key_is_refused_by_the_fleet_unless_forced(petiole, fleet, device, tmp_path):
    stranger = tmp_path / "stranger.suit"
    stranger.write_bytes(bundle(seed=bytes(32)))
    result = petiole("deploy", str(stranger), "--device", "b-1")
    assert result.exit_code == 1
    assert "unknown-key" in result.output
    assert fleet.device("b-1").desired == []
    assert petiole("deploy", str(stranger), "--device", "b-1", "--force").exit_code == 0
    assert fleet.device("b-1").desired[0].release == digest(stranger.read_bytes())


def test_wrong_class_is_refused_by_the_fleet_unless_forced(petiole, fleet, device, tmp_path):
    other = tmp_path / "other.suit"
    other.write_bytes(bundle(profile=profiles.EDGE_PROFILE))
    result = petiole("deploy", str(other), "--device", "b-1")
    assert result.exit_code == 1
    assert "wrong-class" in result.output
    assert petiole("deploy", str(other), "--device", "b-1", "--force").exit_code == 0


def test_file_that_is_no_bundle(petiole, device, tmp_path):
    path = tmp_path / "x.suit"
    path.write_bytes(b"not a bundle")
    result = petiole("deploy", str(path), "--device", "b-1")
    assert result.exit_code == 1
    assert "malformed" in result.output


def test_unknown_device_is_named_before_anything_is_built(petiole, fleet, tmp_path):
    result = petiole("deploy", str(tmp_path), "--device", "nobody", "--key", "k")
    assert result.exit_code == 1
    assert "nobody" in result.output


def test_workload_file_needs_a_key(petiole, device, tmp_path):
    (tmp_path / "workload.yaml").write_text("")
    result = petiole("deploy", str(tmp_path), "--device", "b-1")
    assert result.exit_code == 2
    assert "petiole keys new" in result.output


def test_firmware_of_another_checkout_is_told_apart(petiole, device, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "profile_of", lambda target: "petiole:host@0.1.0 wasmtime-48 pulley32 ffffffff")
    (tmp_path / "workload.yaml").write_text("")
    keys.create("release", tmp_path)
    result = petiole("deploy", str(tmp_path), "--device", "b-1", "--key", str(tmp_path / "release.key"))
    assert result.exit_code == 2
    assert "ffffffff" in result.output
    assert "flash the board" in result.output


def test_two_kinds_of_devices_get_one_release_each(petiole, fleet, device, tmp_path, monkeypatch):
    token = fleet.new_token(SITE).token
    fleet.enroll(token=token, device="b-2", kind="board", public_key="cd" * 32, csr=None, facts={"profile": PROFILE})
    made = []

    def make(path, key, target, *, sequence, build):
        made.append(target)
        data = bundle(profile=PROFILE if target is Target.BOARD else profiles.EDGE_PROFILE)
        return Bundle(data, Envelope.parse(data).manifest)

    monkeypatch.setattr(command, "profile_of", lambda target: PROFILE)
    monkeypatch.setattr(command, "make_from_file", make)
    keys.create("release", tmp_path)
    workloads.write(tmp_path, crate=None)
    key = str(tmp_path / "release.key")
    result = petiole("deploy", str(tmp_path), "--device", "b-1", "--device", "b-2", "--key", key)
    assert result.exit_code == 0, result.output
    assert made == [Target.BOARD]
    assert fleet.device("b-1").desired == fleet.device("b-2").desired


@pytest.mark.parametrize("as_json", [False, True])
def test_what_differs_between_the_classes_is_told(as_json, petiole, device, tmp_path, monkeypatch):
    def make(path, key, target, *, sequence, build):
        data = bundle(profile=PROFILE)
        return Bundle(data, Envelope.parse(data).manifest, ("thermometer: edge hosts do otherwise",))

    monkeypatch.setattr(command, "profile_of", lambda target: PROFILE)
    monkeypatch.setattr(command, "make_from_file", make)
    keys.create("release", tmp_path)
    workloads.write(tmp_path, crate=None)
    arguments = ("--device", "b-1", "--key", str(tmp_path / "release.key"), *(("--json",) if as_json else ()))
    result = petiole("deploy", str(tmp_path), *arguments)
    assert result.exit_code == 0, result.output
    assert "note: thermometer: edge hosts do otherwise" in result.stderr
    if as_json:
        assert json.loads(result.stdout)[0]["notes"] == ["thermometer: edge hosts do otherwise"]


def test_fleet_that_is_not_there(suit):
    result = Petiole("http://127.0.0.1:1")("deploy", str(suit), "--device", "b-1")
    assert result.exit_code == 1
    assert "http://127.0.0.1:1: the fleet does not answer" in result.output
    assert "petiole fleet serve" in result.output


def test_what_is_sent_in_place_of_the_code_is_told(petiole, fleet, device):
    code = hashlib.shake_256(b"code").digest(4_000)
    one, two, three = (
        fleet.add_release(bundle(version, sequence, profile=PROFILE, code=content))
        for version, sequence, content in (("1.0", 1, code), ("2.0", 2, code[:-4] + b"last"), ("3.0", 3, code))
    )
    device.report(0, workload(one.release, "confirmed", version="1.0"))
    with connect(petiole.url) as api:
        known = {row["release"]: row for row in api.releases()}
        assert command.patch_size(api, "b-1", known[two.release]) == f", {two.patches[one.digest]} as a patch"
        assert command.patch_size(api, "b-1", known[three.release]) == ", which it has"
        assert command.patch_size(api, "b-1", known[one.release] | {"digest": "00", "patches": {}}) == ""
        target = deployment.Target("b-1", "thermometer", two.release, "2.0", 1, 0, False)
        assert command.line_bytes(api, target) is None
        for count in (700, 512):
            said = f"{count} bytes went over the board's line for 4000 bytes of code"
            device.event("link", workload="thermometer", version="2.0", message=said)
        device.event("link", workload="thermometer", version="9.0", message="1 bytes went over the board's line")
        assert command.line_bytes(api, target) == 512
