"""Enrolment, from the command down to a real fleet: boards over their serial port, edge hosts in place."""

import json
import stat
import tomllib

import pytest
from cryptography import x509
from nacl.signing import SigningKey

from provisioning.smp_client import SmpClient
from tests.provisioning.board_double import CLASS, PROFILE
from tests.provisioning.conftest import ANCHOR, SITE


def test_board_gets_name_anchors_and_is_known_to_the_fleet(petiole, trusted, double):
    result = petiole("device", "enroll", "an505-1", "--site", SITE, "--port", double.port)
    assert result.exit_code == 0, result.output
    assert (double.device, double.site, double.anchors) == ("an505-1", SITE, [ANCHOR])
    device = trusted.device("an505-1")
    assert device.public_key == bytes(double.key.verify_key).hex()
    assert (device.kind, device.class_id, device.profile) == ("board", str(CLASS), PROFILE)
    assert device.facts["heap"] == {"size": 9}


def test_board_enrolled_before_is_only_asked_for_its_proof(petiole, trusted, double):
    """The fleet was away after the board got its name: the same command again makes it known."""
    assert petiole("device", "enroll", "b", "--site", SITE, "--port", double.port).exit_code == 0
    trusted.remove_device("b")
    key = double.key
    result = petiole("device", "enroll", "b", "--site", SITE, "--port", double.port, "--json")
    assert result.exit_code == 0, result.output
    assert double.key is key
    assert json.loads(result.stdout)["public_key"] == bytes(key.verify_key).hex()
    assert trusted.device("b").public_key == bytes(key.verify_key).hex()


def test_board_with_another_identity_keeps_it(petiole, trusted, double):
    assert petiole("device", "enroll", "first", "--site", SITE, "--port", double.port).exit_code == 0
    result = petiole("device", "enroll", "second", "--site", SITE, "--port", double.port)
    assert result.exit_code == 2
    assert "already is 'first'" in result.output
    assert double.device == "first"


def test_board_that_signs_with_another_key_never_reaches_the_fleet(petiole, trusted, double):
    double.proving_key = SigningKey.generate()
    result = petiole("device", "enroll", "liar", "--site", SITE, "--port", double.port)
    assert result.exit_code == 1
    assert "does not hold the key" in result.output
    assert trusted.devices() == []


def test_without_a_trusted_key_nothing_is_given_to_the_board(petiole, fleet, double):
    result = petiole("device", "enroll", "b", "--site", SITE, "--port", double.port)
    assert result.exit_code == 1
    assert "petiole keys trust" in result.output
    assert double.device == ""


def test_unknown_site_is_refused_before_the_board_gets_its_name(petiole, trusted, double):
    result = petiole("device", "enroll", "b", "--site", "nowhere", "--port", double.port)
    assert result.exit_code == 1
    assert "nowhere" in result.output
    assert double.device == ""


def test_port_that_is_not_there(petiole, trusted):
    result = petiole("device", "enroll", "b", "--site", SITE, "--port", "/dev/does-not-exist")
    assert result.exit_code == 1
    assert "/dev/does-not-exist: the port cannot be opened" in result.output


def test_answer_lost_on_the_line_is_asked_for_again(double):
    double.deaf_for = 1
    with SmpClient(double.port, seconds=0.2) as client:
        assert client.echo("still there") == "still there"


@pytest.mark.parametrize(
    "options",
    [[], ["--port", "x", "--edge", "y"], ["--port", "x", "--boards", "a=b"], ["--port", "x", "--mqtt", "mqtt://h"]],
)
def test_options_that_do_not_go_together(petiole, options):
    result = petiole("device", "enroll", "b", "--site", SITE, *options)
    assert result.exit_code == 2
    assert "--edge" in result.output


def edge(petiole, folder, name="edge-1", *options):
    return petiole("device", "enroll", name, "--site", SITE, "--edge", str(folder), *options)


def test_edge_host_gets_a_key_of_its_own_a_certificate_and_a_configuration(petiole, trusted, tmp_path):
    folder = tmp_path / "agent"
    result = edge(petiole, folder, "edge-1", "--mqtt", "mqtt://127.0.0.1:1884", "--boards", "a=/dev/ttyACM0,b=COM3")
    assert result.exit_code == 0, result.output
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
    assert b"PRIVATE KEY" in (folder / "key.pem").read_bytes()
    certificate = x509.load_pem_x509_certificate((folder / "certificate.pem").read_bytes())
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes()))
    assert certificate.subject.rfc4514_string().startswith("CN=edge-1")
    assert tomllib.loads((folder / "agent.toml").read_text()) == {
        "device": {"name": "edge-1", "site": SITE, "state": "state"},
        "mqtt": {"url": "mqtt://127.0.0.1:1884"},
        "identity": {
            "anchors": [ANCHOR.hex()],
            "key": "key.pem",
            "certificate": "certificate.pem",
            "ca": "ca.pem",
        },
        "boards": [
            {"name": "a", "port": "/dev/ttyACM0", "baud": 115200},
            {"name": "b", "port": "COM3", "baud": 115200},
        ],
    }
    assert trusted.device("edge-1").kind == "edge"


def test_configuration_is_one_that_the_agent_reads(petiole, trusted, tmp_path):
    from edge_host import config

    assert edge(petiole, tmp_path / "agent", "edge-1", "--boards", "a=socket://127.0.0.1:5001").exit_code == 0
    loaded = config.load(tmp_path / "agent" / "agent.toml")
    assert (loaded.device, loaded.site, loaded.anchors) == ("edge-1", SITE, (ANCHOR,))
    assert [board.name for board in loaded.boards] == ["a"]


def test_enrolling_an_edge_host_again_renews_the_certificate_and_keeps_the_rest(petiole, trusted, tmp_path):
    folder = tmp_path / "agent"
    assert edge(petiole, folder).exit_code == 0
    key, certificate = (folder / "key.pem").read_bytes(), (folder / "certificate.pem").read_bytes()
    (folder / "agent.toml").write_text((folder / "agent.toml").read_text() + "\n[labels.led]\n")
    assert edge(petiole, folder).exit_code == 0
    assert (folder / "key.pem").read_bytes() == key
    assert (folder / "certificate.pem").read_bytes() != certificate
    assert "[labels.led]" in (folder / "agent.toml").read_text()


def test_folder_of_another_device_is_left_alone(petiole, trusted, tmp_path):
    folder = tmp_path / "agent"
    assert edge(petiole, folder).exit_code == 0
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    result = edge(petiole, folder, "edge-2")
    assert result.exit_code == 2
    assert "belongs to device 'edge-1'" in result.output
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_private_key_is_not_sent_nor_printed(petiole, trusted, tmp_path, monkeypatch):
    from provisioning.api import Fleet

    sent = []
    enroll = Fleet.enroll

    def spy(self, request):
        sent.append(request)
        return enroll(self, request)

    monkeypatch.setattr(Fleet, "enroll", spy)
    result = edge(petiole, tmp_path / "agent")
    secret = (tmp_path / "agent" / "key.pem").read_text().splitlines()[1]
    assert sent
    assert secret not in str(sent)
    assert secret not in result.output


def test_boards_option_must_name_ports(petiole, trusted, tmp_path):
    result = edge(petiole, tmp_path / "agent", "edge-1", "--boards", "an505-1")
    assert result.exit_code == 2
    assert "NAME=PORT" in result.output
    assert not (tmp_path / "agent").exists()
