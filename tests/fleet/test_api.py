"""The HTTP API without a broker."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID
from fastapi.testclient import TestClient

from fleet.api.app import make_app
from fleet.database import Database
from fleet.operations import Operations
from fleet.services import registry
from fleet.services.clock import unix_ms
from tests.fleet.helpers import BOARD_PROFILE, PUBLIC_KEY, SITE, bundle, enroll_board
from wire.profiles import EDGE_PROFILE, class_id


def signing_request(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, name: str = "edge-1") -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    )
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def site(api: TestClient) -> str:
    api.post("sites", json={"name": SITE})
    return SITE


@pytest.fixture
def token(api: TestClient, site: str) -> str:
    text: str = api.post("tokens", json={"site": site}).json()["token"]
    return text


@pytest.fixture
def board(fleet: Operations, site: str) -> str:
    enroll_board(fleet, "an505-1", site)
    return "an505-1"


def code(reply: object) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]  # type: ignore[attr-defined]


def test_health_says_that_the_broker_is_away(api: TestClient) -> None:
    assert api.get("health").json()["status"] == "degraded"


def test_a_site_is_made_once(api: TestClient) -> None:
    assert api.post("sites", json={"name": SITE}).status_code == 201
    assert code(api.post("sites", json={"name": SITE})) == (409, "exists")
    assert code(api.post("sites", json={"name": "Not A Name"})) == (400, "malformed")
    assert [site["name"] for site in api.get("sites").json()] == [SITE]


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()])
def test_an_edge_host_gets_a_certificate_of_the_fleet(
    api: TestClient, token: str, key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
) -> None:
    api.post("anchors", json={"public_key": PUBLIC_KEY, "name": "release"})
    reply = api.post(
        "enroll", json={"token": token, "device": "edge-1", "kind": "edge", "csr": signing_request(key), "facts": {}}
    ).json()
    certificate = x509.load_pem_x509_certificate(reply["certificate"].encode())
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(reply["ca"].encode()))
    assert certificate.subject.rfc4514_string() == "CN=edge-1"
    assert reply["anchors"] == [PUBLIC_KEY]
    assert reply["mqtt"]["url"].startswith("mqtt://127.0.0.1:")
    device = api.get("devices/edge-1").json()
    assert (device["status"], device["class_id"]) == ("pending", str(class_id(EDGE_PROFILE)))


def test_a_token_enrols_one_device_once(api: TestClient, site: str, token: str) -> None:
    body = {"token": token, "device": "an505-1", "kind": "board", "public_key": "ab" * 32}
    assert api.post("enroll", json=body).status_code == 200
    assert code(api.post("enroll", json=body)) == (403, "used-token")
    assert code(api.post("enroll", json=body | {"token": "guess"})) == (403, "unknown-token")


def test_a_refused_enrolment_leaves_the_token_good(api: TestClient, token: str) -> None:
    body = {"token": token, "device": "an505-1", "kind": "board"}
    assert code(api.post("enroll", json=body)) == (400, "malformed")
    assert code(api.post("enroll", json=body | {"kind": "edge", "csr": "no pem"})) == (400, "malformed")
    assert api.post("enroll", json=body | {"public_key": "ab" * 32}).status_code == 200


def test_a_token_expires(api: TestClient, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    later = unix_ms() + registry.TOKEN_LIFETIME_MS + 1
    monkeypatch.setattr("fleet.services.registry.unix_ms", lambda: later)
    body = {"token": token, "device": "an505-1", "kind": "board", "public_key": "ab" * 32}
    assert code(api.post("enroll", json=body)) == (403, "expired-token")


def test_nobody_takes_the_name_of_another_device(api: TestClient, token: str, board: str) -> None:
    body = {"token": token, "device": board, "kind": "board", "public_key": "cd" * 32}
    assert code(api.post("enroll", json=body)) == (409, "exists")


def test_a_removed_device_is_gone(api: TestClient, board: str) -> None:
    assert api.delete(f"devices/{board}").status_code == 204
    assert code(api.get(f"devices/{board}")) == (404, "no-such-device")
    assert api.get("devices").json() == []


def test_a_release_is_checked_against_the_anchors(api: TestClient) -> None:
    assert code(api.post("releases", content=bundle())) == (400, "unknown-key")
    api.post("anchors", json={"public_key": PUBLIC_KEY, "name": "release"})
    made = api.post("releases", content=bundle()).json()
    assert made["refusal"] is None
    assert (made["workload"], made["version"], made["size"]) == ("thermometer", "1.0.0", 4000)
    assert made["class_id"] == str(class_id(BOARD_PROFILE))
    assert api.post("releases", content=bundle()).json() == made
    assert api.get("releases").json() == [made]
    assert api.get(f"releases/{made['release']}").json() == made


def test_a_bad_release_is_kept_only_by_force_and_never_hides_a_good_one(api: TestClient) -> None:
    forced = api.post("releases?force=true", content=bundle(seed=bytes(32))).json()
    assert forced["refusal"].startswith("unknown-key")
    assert code(api.post("releases", content=b"junk")) == (400, "malformed")
    assert code(api.post("releases?force=true", content=b"junk")) == (400, "malformed")
    api.post("anchors", json={"public_key": PUBLIC_KEY, "name": "release"})
    good = api.post("releases", content=bundle()).json()
    assert good["release"] == forced["release"]
    assert api.get(f"releases/{good['release']}").json()["refusal"] is None
    assert code(api.post("releases?force=true", content=bundle(seed=bytes(32)))) == (409, "exists")


def test_code_with_a_flipped_bit_is_refused(api: TestClient) -> None:
    api.post("anchors", json={"public_key": PUBLIC_KEY, "name": "release"})
    content = bundle(code=b"A" * 1000)
    tampered = content.replace(b"A" * 1000, b"A" * 999 + b"B")
    assert code(api.post("releases", content=tampered)) == (400, "digest-mismatch")
    assert api.post("releases?force=true", content=tampered).json()["refusal"].startswith("digest-mismatch")


def test_deploying_raises_the_revision(api: TestClient, board: str) -> None:
    api.post("anchors", json={"public_key": PUBLIC_KEY, "name": "release"})
    release = api.post("releases", content=bundle()).json()["release"]
    path = f"devices/{board}/workloads/thermometer"
    assert api.put(path, json={"release": release}).json() == {"revision": 1}
    assert api.get(f"devices/{board}").json()["desired"] == [
        {"name": "thermometer", "release": release, "version": "1.0.0"}
    ]
    assert api.delete(path).json() == {"revision": 2}
    assert code(api.delete(path)) == (404, "no-such-workload")
    assert code(api.put(path, json={"release": "00"})) == (404, "no-such-release")
    assert code(api.put(f"devices/{board}/workloads/other", json={"release": release})) == (400, "wrong-workload")


def test_a_release_for_another_class_needs_force(api: TestClient, board: str) -> None:
    api.post("anchors", json={"public_key": PUBLIC_KEY, "name": "release"})
    release = api.post("releases", content=bundle(profile=EDGE_PROFILE)).json()["release"]
    path = f"devices/{board}/workloads/thermometer"
    assert code(api.put(path, json={"release": release})) == (409, "wrong-class")
    assert api.put(f"{path}?force=true", json={"release": release}).json() == {"revision": 1}


def test_a_command_needs_the_broker(api: TestClient, board: str) -> None:
    assert code(api.post(f"devices/{board}/commands", json={"command": "ping"})) == (503, "broker-unreachable")


@pytest.mark.parametrize(
    ("path", "expected"),
    [("nothing/here", (404, "no-such-path")), ("devices/nobody/events", (404, "no-such-device"))],
)
def test_what_is_not_there_is_told_in_one_form(api: TestClient, path: str, expected: tuple[int, str]) -> None:
    assert code(api.get(path)) == expected


def test_wrong_parameters_name_the_parameter(api: TestClient, board: str) -> None:
    reply = api.get(f"devices/{board}/telemetry?limit=0")
    assert code(reply) == (422, "invalid-request")
    assert "query.limit" in reply.json()["error"]["message"]


def test_a_fault_of_the_fleet_is_told_in_the_same_form(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Database) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(Database, "read", broken)
    reply = api.get("devices")
    assert code(reply) == (500, "internal")
    assert "secret" not in reply.text


def test_the_api_describes_itself(fleet: Operations) -> None:
    schema = make_app(fleet).openapi()
    operations = [operation for path in schema["paths"].values() for operation in path.values()]
    assert len(operations) >= 19
    assert all(operation["description"] for operation in operations)


def test_with_a_token_nobody_else_gets_in(fleet: Operations) -> None:
    with TestClient(make_app(fleet, "a-long-enough-token"), base_url="http://fleet/api/v1/") as client:
        assert code(client.get("devices")) == (401, "unauthorized")
        assert code(client.get("devices", headers={"Authorization": "Bearer wrong"})) == (401, "unauthorized")
        assert client.get("devices", headers={"Authorization": "Bearer a-long-enough-token"}).status_code == 200
        assert client.get("devices", auth=("anybody", "a-long-enough-token")).status_code == 200
        assert client.get("health").status_code == 200
        assert code(client.post("enroll", json={"token": "x", "device": "d", "kind": "board"})) == (
            403,
            "unknown-token",
        )
