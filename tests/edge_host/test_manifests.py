"""Workloads from a folder of the device: without a fleet or beside it, from files, a registry and a web server."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_host.sources.transport import send
from tests import registry
from tests.edge_host import components
from tests.edge_host.fleet_double import SEED, FleetDouble, make_release
from tests.edge_host.manifest_device import Device, bundle
from wire import digests
from wire.edge_options import EdgeOptions
from wire.oci import Artifact, Reference, Registry

pytestmark = pytest.mark.programs

STRANGER = bytes(32)


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    device = Device(tmp_path / "device")
    yield device
    device.end(signal.SIGKILL)
    print(device.log.read_text() if device.log.exists() else "")


def test_a_file_comes_changes_and_goes(device: Device) -> None:
    device.start()
    device.put("hello.suit", bundle(1))
    device.wait_workloads(hello=("1.0", "confirmed"))
    device.put("hello.suit", bundle(2))
    device.wait_workloads(hello=("2.0", "confirmed"))
    (device.manifests / "hello.suit").rename(device.manifests / "greeting.suit")
    device.wait(lambda status: status["manifests"]["files"] == {"greeting.suit": "hello"})
    assert device.log.read_text().count("confirmed") == 2
    (device.manifests / "greeting.suit").unlink()
    device.wait_workloads()


def test_how_many_instances_each_component_has_is_told(device: Device) -> None:
    def instances(status: dict[str, Any]) -> dict[str, dict[str, Any]]:
        return {row["component"]: row for row in status["instances"]}

    device.start()
    device.put("hello.suit", bundle(parts=2, edges=(EdgeOptions(pool_size=1), None)))
    told = instances(device.wait(lambda status: instances(status).get("part-1", {}).get("made", 0) >= 5))
    kept, fresh = told["part-0"], told["part-1"]
    assert (kept["workload"], kept["version"]) == ("hello", "1.0")
    assert [kept[name] for name in ("now", "most", "made")] == [1, 1, 1]
    assert fresh["now"] <= fresh["most"] == 1
    metrics = device.ask("metrics")
    labels = 'device="edge-1",workload="hello",version="1.0",component="part-0"'
    for line in ("petiole_instances{%s} 1", "petiole_instances_most{%s} 1", "petiole_instances_made_total{%s} 1"):
        assert line % labels + "\n" in metrics
    assert "# TYPE petiole_instances_made_total counter\n" in metrics
    device.put("hello.suit", bundle(2, parts=2))
    device.wait(lambda status: {row["version"] for row in status["instances"]} == {"2.0"})


WORKLOAD_FILE = """\
apiVersion: runtime.wasmcloud.dev/v1alpha1
kind: WorkloadDeployment
metadata: {{name: hello, labels: {{app.kubernetes.io/version: "{version}"}}}}
spec:
  template:
    spec:
      components: [{{name: hello, image: "file:hello.wasm"}}]
      hostInterfaces:
        - {{namespace: wasi, package: logging, interfaces: [logging]}}
        - {{namespace: petiole, package: schedule, interfaces: [handler], config: {{every: 50ms}}}}
        - {{namespace: petiole, package: probation, interfaces: [], config: {{calls: "2", seconds: "20"}}}}
{more}"""


def test_a_workload_file_runs_where_the_agent_may_sign_it(device: Device, tmp_path: Path) -> None:
    key = tmp_path / "device.key"
    key.write_bytes(
        Ed25519PrivateKey.from_private_bytes(SEED).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    key.chmod(0o600)
    device.start(key=key)
    (device.manifests / "hello.wasm").write_bytes(components.logger())
    device.put("hello.yaml", WORKLOAD_FILE.format(version="1.0", more=""))
    device.wait_workloads(hello=("1.0", "confirmed"))
    assert "hello.yaml: hello: edge hosts make a new instance for each call" in device.log.read_text()
    device.put("hello.yaml", WORKLOAD_FILE.format(version="2.0", more="  replicaz: 1\n"))
    device.wait_problem("hello.yaml", "malformed: ", "hello.yaml:12: unknown field spec.replicaz")
    device.put("hello.yaml", WORKLOAD_FILE.format(version="3.0", more=""))
    device.wait_workloads(hello=("3.0", "confirmed"))
    key.chmod(0o644)
    device.put("hello.yaml", WORKLOAD_FILE.format(version="4.0", more=""))
    device.wait_problem("hello.yaml", "others may read this private key")
    assert device.workloads() == {"hello": ("3.0", "confirmed")}
    assert not list((device.state / "manifests").glob("*.suit"))


def test_everything_is_back_after_a_power_cut_without_files_or_network(device: Device, tmp_path: Path) -> None:
    with registry.registry(tmp_path / "registry") as address:
        digest = push(address, bundle(1, "pulled", parts=2))
        device.put("pulled.toml", f'source = "oci://{address}/farm/pulled:1"\ndigest = "{digest}"\n')
        device.put("hello.suit", bundle(1))
        device.start()
        device.wait_workloads(hello=("1.0", "confirmed"), pulled=("1.0", "confirmed"))
    device.end(signal.SIGKILL)
    device.manifests.rename(tmp_path / "unmounted")
    half_unpacked = device.state / "manifests" / "0123456789abcdef.code"
    half_unpacked.write_bytes(bytes(1000))
    device.start()
    device.wait_workloads(hello=("1.0", "confirmed"), pulled=("1.0", "confirmed"))
    assert "cannot be read" in device.log.read_text()
    assert not half_unpacked.exists()
    device.end(signal.SIGKILL)
    (tmp_path / "unmounted").rename(device.manifests)
    (device.manifests / "pulled.toml").touch()
    device.start()
    device.wait_workloads(hello=("1.0", "confirmed"), pulled=("1.0", "confirmed"))
    device.wait(lambda status: len(status["manifests"]["files"]) == 2 and not status["manifests"]["problems"])


BAD = [
    (b"nothing", "malformed: ", "manifests/hello.suit: "),
    (bundle(2, seed=STRANGER), "unknown-key: ", "hello.suit: "),
    (bundle(1, wasm=components.idle()), "old-sequence: ", "hello.suit: "),
]


@pytest.mark.parametrize(("content", "refusal", "place"), BAD)
def test_what_is_wrong_with_a_file_is_told_and_the_old_one_runs_on(
    device: Device, content: bytes, refusal: str, place: str
) -> None:
    device.start()
    device.put("hello.suit", bundle(1))
    device.wait_workloads(hello=("1.0", "confirmed"))
    device.put("hello.suit", content)
    device.wait_problem("hello.suit", refusal, place)
    assert device.workloads() == {"hello": ("1.0", "confirmed")}
    assert device.log.read_text().count("hello runs on as it was") == 1
    device.end()
    device.start()
    device.wait_problem("hello.suit", refusal, place)
    device.wait_workloads(hello=("1.0", "confirmed"))


REFERENCES = [
    ('source = "oci://127.0.0.1:1/x:1"\n', ":1: ", "is not pinned"),
    ("\nsource = 1\n", ":2: ", "source is not text"),
    ('source = "oci://127.0.0.1:1/x:1"\ndigets = "a"\n', ":2: ", "did you mean 'digest'?"),
    ('source = "oci://127.0.0.1:1/x:1"\ndigest = "a"\n', ":2: ", "is not a digest"),
    ('source = "http://web.example/x.suit"\ndigest = "sha256:' + "0" * 64 + '"\n', ":1: ", "over https alone"),
    ("\n\nsource = \n", ":3: ", "this is not TOML"),
    ('source = "file:a\\u0000b"\n', ":1: ", "cannot be seen"),
    ('digest = "sha256:' + "0" * 64 + '"\n', ":1: ", "source is missing"),
    ('source = "file:none.suit"\n', "none.suit", "No such file"),
    ('source = "oci://127.0.0.1:1/x@sha256:' + "0" * 64 + '"\n', "x.toml", "127.0.0.1 does not answer"),
]


def test_references_that_are_wrong_name_file_and_line(device: Device) -> None:
    for at, (text, _, _) in enumerate(REFERENCES):
        device.put(f"{at}-x.toml", text)
    device.put("workload.yaml", "kind: WorkloadDeployment\n")
    device.start()
    for at, (_, place, problem) in enumerate(REFERENCES):
        device.wait_problem(f"{at}-x.toml", f"manifests/{at}-x.toml", place, problem)
    device.wait_problem("workload.yaml", "unsigned: ", "petiole bundle make")


def push(address: str, data: bytes) -> str:
    artifact = Artifact.bundle(data, {})
    Registry(send, lambda _name: None).push(Reference(address, "farm/pulled", "1"), artifact)
    return digests.show(artifact.digest)


def test_bundles_from_a_web_server_and_from_other_folders(device: Device, tmp_path: Path) -> None:
    folder = tmp_path / "web"
    folder.mkdir()
    for name in ("web", "file", "changed"):
        (folder / f"{name}.suit").write_bytes(bundle(1, name))
    pinned = {file.stem: digests.show(hashlib.sha256(file.read_bytes()).digest()) for file in folder.iterdir()}
    (folder / "changed.suit").write_bytes(bundle(2, "changed"))
    with registry.web_server(folder) as address:
        device.put("web.toml", f'source = "{address}/web.suit"\ndigest = "{pinned["web"]}"\n')
        device.put("file.toml", f'source = "file:{folder}/file.suit"\n')
        device.put("changed.toml", f'digest = "{pinned["changed"]}"\nsource = "{address}/changed.suit"\n')
        device.start()
        device.wait_workloads(web=("1.0", "confirmed"), file=("1.0", "confirmed"))
        device.wait_problem("changed.toml", "malformed: ", "changed.toml", "has the digest sha256:")


def test_a_login_for_a_registry_stays_out_of_logs(device: Device, tmp_path: Path) -> None:
    with registry.registry(tmp_path / "registry", guarded=True) as address:
        config = json.dumps({"auths": {address: {"username": registry.USER, "password": registry.PASSWORD}}})
        digest = push_guarded(address, config)
        device.put("pulled.toml", f'source = "oci://{address}/farm/pulled@{digest}"\n')
        device.start(DOCKER_CONFIG=str(tmp_path))
        device.wait_problem("pulled.toml", "it wants a login")
        device.end()
        device.start(DOCKER_AUTH_CONFIG=config)
        device.wait_workloads(pulled=("1.0", "confirmed"))
        assert registry.PASSWORD not in device.log.read_text()


def push_guarded(address: str, config: str) -> str:
    from wire.oci import find_login

    def login(name: str):
        return find_login(name, {"DOCKER_AUTH_CONFIG": config}, Path())

    artifact = Artifact.bundle(bundle(1, "pulled"), {})
    Registry(send, login).push(Reference(address, "farm/pulled", "1"), artifact)
    return digests.show(artifact.digest)


def test_a_release_that_does_not_get_healthy_is_taken_back(device: Device) -> None:
    device.start()
    device.put("hello.suit", bundle(1))
    device.wait_workloads(hello=("1.0", "confirmed"))
    device.put("hello.suit", bundle(2, wasm=components.trapping(0), grants={}))
    device.wait_workloads(hello=("2.0", "rolled-back"))
    status = device.status()
    assert status["members"][0]["workloads"][0]["previous"] == "1.0"


def test_a_source_that_never_answers_holds_up_nothing(device: Device) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        device.put("a.toml", f'source = "http://127.0.0.1:{port}/a.suit"\ndigest = "sha256:{"0" * 64}"\n')
        device.start()
        silent.accept()[0].close()
        device.put("a.toml", f'source = "http://127.0.0.1:{port}/b.suit"\ndigest = "sha256:{"0" * 64}"\n')
        asked, _ = silent.accept()
        device.put("b.suit", bundle(1))
        device.wait_workloads(hello=("1.0", "confirmed"))
        device.end()
        asked.close()
    assert not list((device.state / "manifests").glob("*.code"))


def test_many_files_at_once(device: Device) -> None:
    names = [f"w{at}" for at in range(8)]
    for name in names:
        device.put(f"{name}.suit", bundle(1, name, wasm=components.logger(name)))
    device.start()
    device.wait_workloads(**dict.fromkeys(names, ("1.0", "confirmed")))


def test_one_workload_in_two_files(device: Device) -> None:
    device.start()
    device.put("a.suit", bundle(1))
    device.wait_workloads(hello=("1.0", "confirmed"))
    device.put("b.suit", bundle(2))
    device.wait_problem("b.suit", "busy: ", "a.suit stands for workload hello already")
    (device.manifests / "a.suit").unlink()
    device.wait_workloads(hello=("2.0", "confirmed"))


def test_without_the_folder_its_workloads_end(device: Device) -> None:
    device.put("hello.suit", bundle(1))
    device.start()
    device.wait_workloads(hello=("1.0", "confirmed"))
    device.end()
    device.start(manifests=False)
    device.wait_workloads()
    device.end()
    device.start()
    device.wait_workloads(hello=("1.0", "confirmed"))


def test_beside_a_fleet(tmp_path: Path, shared_broker, fleet: FleetDouble) -> None:
    device = Device(tmp_path / "device", shared_broker.port)
    try:
        device.put("mine.suit", bundle(1, "mine"))
        device.start()
        fleet.wait_state("edge-1", "mine", "confirmed")
        theirs = make_release("theirs", components.idle(), grants={})
        fleet.desire("edge-1", theirs)
        device.wait_workloads(mine=("1.0", "confirmed"), theirs=("1.0", "confirmed"))
        device.put("theirs.suit", bundle(7, "theirs"))
        device.wait(lambda status: "theirs.suit" in status["manifests"]["files"])
        device.wait(lambda _status: "the fleet desires the workload theirs itself" in device.log.read_text())
        assert device.workloads()["theirs"] == ("1.0", "confirmed")
        fleet.desire("edge-1")
        device.wait_workloads(mine=("1.0", "confirmed"), theirs=("7.0", "confirmed"))
        shutil.rmtree(device.manifests)
        device.wait(lambda _status: "cannot be read" in device.log.read_text())
        assert device.workloads() == {"mine": ("1.0", "confirmed"), "theirs": ("7.0", "confirmed")}
    finally:
        device.end(signal.SIGKILL)
        print(device.log.read_text())
