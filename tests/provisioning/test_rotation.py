"""`petiole keys rotate`, `devices`, `untrust`; messages and restarts that no broker carries."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.operations import Operations
from provisioning import keys
from tests.provisioning.board_double import PROFILE
from tests.provisioning.conftest import SITE, Petiole
from tests.provisioning.reporting import Reporting
from wire import rotation


@pytest.fixture
def old(tmp_path: Path) -> keys.PublicKey:
    return keys.create("old", tmp_path)


@pytest.fixture
def new(tmp_path: Path) -> keys.PublicKey:
    return keys.create("new", tmp_path)


@pytest.fixture
def device(fleet: Operations, old: keys.PublicKey) -> Iterator[Reporting]:
    fleet.add_anchor("old", old.public.hex())
    token = fleet.new_token(SITE).token
    fleet.enroll(token=token, device="b-1", kind="board", public_key="ab" * 32, csr=None, facts={"profile": PROFILE})
    reporting = Reporting(fleet, SITE, "b-1", {"profile": PROFILE})
    reporting.report(0, anchors=[old.kid])
    yield reporting
    reporting.close()


def test_keys_are_rotated(
    petiole: Petiole, fleet: Operations, device: Reporting, new: keys.PublicKey, tmp_path: Path
) -> None:
    old = keys.show(tmp_path / "old.pub")
    files = {name: str(tmp_path / name) for name in ("old.key", "old.pub", "new.key", "new.pub")}
    assert petiole("keys", "rotate", files["new.pub"], "--key", files["old.key"], "--all").exit_code == 0
    listed = json.loads(petiole("keys", "devices", "--json").stdout)
    assert listed == [
        {"device": "b-1", "trusts": [f"old ({old.kid.hex()})"], "shall_trust": [f"new ({new.kid.hex()})"]}
    ]
    device.report(1, anchors=[new.kid])
    assert f"new ({new.kid.hex()})" in petiole("keys", "devices").stdout
    assert json.loads(petiole("keys", "devices", "--json").stdout)[0]["shall_trust"] is None
    wrong = petiole("keys", "rotate", files["old.pub"], "--key", files["old.key"], "--device", "b-1")
    assert wrong.exit_code == 1
    assert "unknown-key" in wrong.stderr
    shown = fleet.device("b-1").rotation
    assert shown is not None
    back = petiole("keys", "rotate", files["old.pub"], files["new.pub"], "--key", files["new.key"], "--device", "b-1")
    assert back.exit_code == 0
    again = fleet.device("b-1").rotation
    assert again is not None
    assert again.sequence > shown.sequence
    assert petiole("keys", "untrust", files["old.pub"]).exit_code == 0
    assert [anchor.name for anchor in fleet.anchors()] == ["new"]


def test_which_devices_has_to_be_said(
    petiole: Petiole, old: keys.PublicKey, new: keys.PublicKey, tmp_path: Path
) -> None:
    for which in ((), ("--all", "--device", "b-1")):
        result = petiole("keys", "rotate", str(tmp_path / "new.pub"), "--key", str(tmp_path / "old.key"), *which)
        assert result.exit_code == 2
        assert "--device NAME or --all" in result.stderr


@pytest.mark.usefixtures("device")
def test_more_keys_than_a_device_takes(petiole: Petiole, tmp_path: Path) -> None:
    many = [str(keys.create(f"k{at}", tmp_path).private_path) for at in range(rotation.MAX_ANCHORS + 1)]
    result = petiole("keys", "rotate", *many, "--key", str(tmp_path / "old.key"), "--all")
    assert result.exit_code == 2
    assert "a device takes 8" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("a..b",), 2, "is not a subject"),
        (("a.b", "text", "--hex", "00"), 2, "not both"),
        (("a.b", "--hex", "0x"), 2, "--hex is not hex"),
        (("a.b", "x" * 1025), 2, "allowed are 1024"),
        (("a.b", "open"), 1, "broker-unreachable"),
    ],
)
@pytest.mark.usefixtures("device")
def test_messages_that_do_not_go_out(petiole: Petiole, arguments: tuple[str, ...], code: int, said: str) -> None:
    result = petiole("message", "send", "b-1", *arguments)
    assert result.exit_code == code
    assert said in result.stderr


@pytest.mark.usefixtures("device")
def test_a_restart_needs_the_broker(petiole: Petiole) -> None:
    result = petiole("restart", "b-1", "thermometer")
    assert result.exit_code == 1
    assert "broker-unreachable" in result.stderr
