"""The hub with TLS: certificates say who a device is, the registry says what it may do."""

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fleet.errors import SetupError
from fleet.operations import Operations
from fleet.server import open_fleet
from fleet.settings import BrokerAddress, ClientTls, EmbeddedBroker, Settings
from tests.edge_host.test_uplink import certificate, mosquitto
from tests.fleet.helpers import EPOCH, SITE, Device, board_facts, enroll_board, free_port, wait_until
from tests.fleet.test_api import signing_request
from wire import topics
from wire.messages import GuestMessage


@pytest.fixture(scope="module")
def tls_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operations]:
    embedded = EmbeddedBroker(mqtt_port=free_port(), leaf_port=free_port(), tls=True)
    with open_fleet(Settings(state=tmp_path_factory.mktemp("fleet"), embedded=embedded)) as fleet:
        for site in (SITE, "orchard"):
            fleet.add_site(site)
        wait_until(lambda: fleet.health().broker, "the fleet's own certificate to be taken")
        yield fleet


def enroll_edge(fleet: Operations, name: str, folder: Path, site: str = SITE) -> dict[str, Path]:
    """The files `key`, `certificate` and `ca` of a device that has a key of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    token = fleet.new_token(site).token
    enrolled = fleet.enroll(
        token=token, device=name, kind="edge", public_key=None, csr=signing_request(key, name), facts=board_facts()
    )
    files = {"key": folder / f"{name}.key", "certificate": folder / f"{name}.pem", "ca": folder / "ca.pem"}
    files["key"].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    files["certificate"].write_text(enrolled.certificate or "")
    files["ca"].write_text(enrolled.ca)
    return files


def enrolled_edge(fleet: Operations, name: str, folder: Path, site: str = SITE) -> Device:
    """A device with a key of its own and the certificate that it got for it."""
    files = enroll_edge(fleet, name, folder, site)
    context = ssl.create_default_context(cafile=files["ca"])
    context.load_cert_chain(files["certificate"], files["key"])
    return Device(name, fleet.settings.broker.port, site, tls=context)


def test_a_certificate_opens_the_own_topics_and_those_of_the_sites_boards(
    tls_fleet: Operations, tmp_path: Path
) -> None:
    enroll_board(tls_fleet, "an505-1")
    enroll_board(tls_fleet, "orchard-1", "orchard")
    with enrolled_edge(tls_fleet, "edge-1", tmp_path) as edge:
        edge.settle()
        before = tls_fleet.health().counters
        edge.send(topics.TELEMETRY, b"junk", device="orchard-1", site="orchard")
        edge.send(topics.TELEMETRY, b"junk", device="an505-1")
        edge.telemetry(1, 20.0)
        assert edge.ack().telemetry == (EPOCH, 1)
        after = tls_fleet.health().counters
        assert after["malformed"] == before["malformed"] + 1
        assert after["foreign"] == before["foreign"]


def test_messages_pass_for_the_own_site_alone(tls_fleet: Operations, tmp_path: Path) -> None:
    enroll_board(tls_fleet, "an505-2")
    enroll_board(tls_fleet, "orchard-2", "orchard")
    with enrolled_edge(tls_fleet, "edge-4", tmp_path) as edge:
        edge.settle()
        data = GuestMessage("a.b", b"hello").encode()
        edge.send(topics.MESSAGE, data, device="orchard-2", site="orchard")
        edge.send(topics.MESSAGE, data, device="an505-2")
        wait_until(lambda: tls_fleet.events("an505-2", kinds=["message"]), "the message")
        assert tls_fleet.events("orchard-2") == []
        tls_fleet.send_message("orchard-2", GuestMessage("not.for.it", b""))
        tls_fleet.send_message("edge-4", GuestMessage("for.it", b""))
        assert GuestMessage.decode(edge.inbox[topics.MESSAGE_TO].get(timeout=20)).subject == "for.it"


def test_a_removed_device_is_thrown_out(tls_fleet: Operations, tmp_path: Path) -> None:
    with enrolled_edge(tls_fleet, "edge-2", tmp_path) as edge, enrolled_edge(tls_fleet, "edge-3", tmp_path) as other:
        tls_fleet.remove_device("edge-2")
        wait_until(lambda: not edge.is_connected or None, "the broker to close the connection")
        other.telemetry(1, 20.0)
        assert other.ack().telemetry == (EPOCH, 1)


def test_without_a_certificate_nobody_connects(tls_fleet: Operations, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes((tls_fleet.settings.identity_folder / "ca.pem").read_bytes())
    stranger = Device(
        "edge-9", tls_fleet.settings.broker.port, tls=ssl.create_default_context(cafile=tmp_path / "ca.pem")
    )
    stranger.try_to_connect()
    assert not stranger.is_connected


def test_a_hub_open_to_a_network_needs_tls(tmp_path: Path) -> None:
    embedded = EmbeddedBroker(mqtt_port=free_port(), host="0.0.0.0")  # noqa: S104
    with pytest.raises(SetupError, match="--tls"):
        Settings(state=tmp_path, embedded=embedded).check()
    with pytest.raises(SetupError, match="--token-file"):
        Settings(state=tmp_path, host="0.0.0.0").check()  # noqa: S104


def test_another_broker_that_asks_for_certificates_gets_that_of_the_fleet(tmp_path: Path) -> None:
    """A mosquitto whose rules are those of a site: a device speaks for itself, the fleet with everybody."""
    authority = certificate("ca", tmp_path, None)
    for name in ("server", "the-fleet", "edge-1"):
        certificate(name, tmp_path, authority)
    port = free_port()
    own = f"petiole/{SITE}/%u/#"
    (tmp_path / "who").write_text(f"user the-fleet\ntopic readwrite petiole/#\npattern readwrite {own}\n")
    files = [f"cafile {tmp_path}/ca.pem", f"certfile {tmp_path}/server.pem", f"keyfile {tmp_path}/server.key"]
    rules = ["require_certificate true", "use_identity_as_username true", f"acl_file {tmp_path}/who"]
    own_files = ClientTls(tmp_path / "ca.pem", tmp_path / "the-fleet.pem", tmp_path / "the-fleet.key")
    settings = Settings(
        state=tmp_path / "fleet", external_broker=BrokerAddress("127.0.0.1", port, tls=True), broker_tls=own_files
    )
    with subprocess.Popen(mosquitto(tmp_path, port, *files, *rules), stderr=subprocess.DEVNULL) as broker:
        try:
            with open_fleet(settings) as fleet:
                fleet.add_site(SITE)
                enroll_board(fleet, "edge-1")
                wait_until(lambda: fleet.health().broker, "the fleet's certificate to be taken")
                context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
                context.load_cert_chain(tmp_path / "edge-1.pem", tmp_path / "edge-1.key")
                with Device("edge-1", port, tls=context) as device:
                    device.telemetry(1, 20.0)
                    assert device.ack().telemetry == (EPOCH, 1)
        finally:
            broker.kill()


def test_a_certificate_for_a_broker_without_tls_is_a_mistake(tmp_path: Path) -> None:
    files = ClientTls(tmp_path, tmp_path, tmp_path)
    with pytest.raises(SetupError, match="mqtts"):
        Settings(state=tmp_path, broker_tls=files).check()
