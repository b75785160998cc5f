"""Components and bundles from a real registry and a real web server: digests, logins, and what is refused."""

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from petiole.app import app
from provisioning import bundle, bundle_registry, images, keys, web
from provisioning.bundle import Target
from provisioning.component import BuiltComponent
from provisioning.errors import InputError, ProvisioningError
from tests import registry
from tests.provisioning import workloads
from wire import digests, manifest
from wire.oci import COMPONENT, Artifact, Reference
from wire.suit import Envelope

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with registry.registry(tmp_path_factory.mktemp("registry")) as address:
        yield address


@pytest.fixture
def key(tmp_path: Path) -> Path:
    keys.create("release", tmp_path)
    return tmp_path / "release.key"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that was fetched before, and no login of the person who runs the tests."""
    cache = tmp_path / "cache"
    cache.mkdir()
    monkeypatch.setattr(images, "_kept", lambda digest: cache / f"{digest.hex()}.wasm")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    for name in ("DOCKER_AUTH_CONFIG", "REGISTRY_AUTH_FILE"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: object) -> Result:
    return RUNNER.invoke(app, ["bundle", *map(str, arguments)])


def from_image(folder: Path, image: str) -> Path:
    file = workloads.write(folder, crate=None)
    file.write_text(file.read_text().replace("file:hello.wasm", image))
    return file


def push_component(place: Reference, content: bytes, layer_type: str = "application/wasm") -> bytes:
    """Push a component as wkg and wash do; its digest."""
    config = json.dumps(
        {
            "created": "2026-11-01T00:00:00Z",
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [digests.show(hashlib.sha256(content).digest())],
            "component": {"exports": [], "imports": []},
        }
    ).encode()
    described = [
        {"mediaType": kind, "digest": digests.show(hashlib.sha256(blob).digest()), "size": len(blob)}
        for kind, blob in (("application/vnd.wasm.config.v0+json", config), (layer_type, content))
    ]
    fields = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": described[0],
        "layers": described[1:],
    }
    artifact = Artifact(content, config, json.dumps(fields).encode())
    web.registry().push(place, artifact)
    return artifact.digest


def code_of(file: Path, key: Path) -> bytes:
    made = bundle.make_from_file(file, keys.load_seed(key), Target.EDGE, sequence=1)
    return Envelope.parse(made.data).payloads["#code"]


@pytest.mark.parametrize("layer_type", ["application/wasm", "application/vnd.module.wasm.content.layer.v1+wasm"])
def test_a_component_from_a_registry(
    server: str, hello: BuiltComponent, key: Path, tmp_path: Path, layer_type: str
) -> None:
    content = hello.path.read_bytes()
    digest = push_component(Reference(server, "farm/hello", "1"), content, layer_type)
    for image in (f"oci://{server}/farm/hello:1", f"{server}/farm/hello:1@{digests.show(digest)}"):
        assert code_of(from_image(tmp_path, image), key) == content


def test_what_a_digest_names_needs_no_network_again(hello: BuiltComponent, key: Path, tmp_path: Path) -> None:
    with registry.registry(tmp_path / "registry") as server:
        digest = push_component(Reference(server, "hello", "1"), hello.path.read_bytes())
        file = from_image(tmp_path, f"oci://{server}/hello@{digests.show(digest)}")
        code_of(file, key)
    assert code_of(file, key) == hello.path.read_bytes()
    with pytest.raises(ProvisioningError, match="does not answer"):
        code_of(from_image(tmp_path, f"oci://{server}/hello:1"), key)


def test_what_a_registry_has_not(server: str, hello: BuiltComponent, key: Path, tmp_path: Path) -> None:
    with pytest.raises(ProvisioningError, match="the registry has no such thing"):
        code_of(from_image(tmp_path, f"oci://{server}/farm/nothing:1"), key)
    push_component(Reference(server, "farm/tar", "1"), b"tar", "application/vnd.oci.image.layer.v1.tar")
    with pytest.raises(
        ProvisioningError, match=r"holds application/vnd\.oci\.image\.layer\.v1\.tar, not one component"
    ):
        code_of(from_image(tmp_path, f"oci://{server}/farm/tar:1"), key)


def test_a_component_from_a_web_server(hello: BuiltComponent, key: Path, tmp_path: Path) -> None:
    content = hello.path.read_bytes()
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "hello.wasm").write_bytes(content)
    (folder / "other.wasm").write_bytes(content + b"x")
    digest = hashlib.sha256(content).digest()
    with registry.web_server(folder) as address:
        for name, problem in (("other", "has the digest sha256:"), ("none", r"answered 404 for /none\.wasm")):
            wrong = from_image(tmp_path, f"{address}/{name}.wasm@{digests.show(digest)}")
            with pytest.raises(ProvisioningError, match=problem):
                code_of(wrong, key)
        assert code_of(from_image(tmp_path, f"{address}/hello.wasm@{digests.show(digest)}"), key) == content


def test_bundles_go_there_and_back(server: str, workload_file: Path, key: Path, tmp_path: Path) -> None:
    file = tmp_path / "hello.suit"
    run("make", "-f", workload_file, "--key", key, "--target", "edge", "-o", file)
    pushed = run("push", file, f"oci://{server}/bundles/hello:1.0", "--json")
    assert pushed.exit_code == 0, pushed.output
    place = json.loads(pushed.stdout)["reference"]
    assert Reference.parse(place).digest is not None
    for source in (place, f"oci://{server}/bundles/hello:1.0"):
        back = tmp_path / "back.suit"
        pulled = run("pull", source, "-o", back, "--anchor", key.with_suffix(".pub"))
        assert pulled.exit_code == 0, pulled.output
        assert back.read_bytes() == file.read_bytes()
    stranger = keys.create("stranger", tmp_path)
    refused = run("pull", place, "-o", tmp_path / "no.suit", "--anchor", stranger.public.hex())
    assert isinstance(refused.exception, ProvisioningError) or refused.exit_code == 1
    assert not (tmp_path / "no.suit").exists()


def test_what_is_no_bundle_is_not_pushed_nor_pulled(server: str) -> None:
    with pytest.raises(InputError, match="not a bundle"):
        bundle_registry.push(b"nothing", "x.suit", Reference(server, "x", "1"))
    push_component(Reference(server, "farm/component", "1"), b"component")
    with pytest.raises(ProvisioningError, match="not one bundle"):
        bundle_registry.pull(Reference(server, "farm/component", "1"))


def test_a_login_is_found_where_docker_keeps_it_and_never_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with registry.registry(tmp_path / "registry", guarded=True) as server:
        place = Reference(server, "hello", "1")
        with pytest.raises(Exception, match="it wants a login: put one into"):
            push_component(place, b"component")
        auth = base64.b64encode(f"{registry.USER}:{registry.PASSWORD}".encode()).decode()
        good = json.dumps({"auths": {f"http://{server}/v2/": {"auth": auth}}})
        (tmp_path / "docker").mkdir()
        (tmp_path / "docker" / "config.json").write_text(good)
        digest = push_component(place, b"component")
        assert web.registry().pull(Reference(server, "hello", None, digest), COMPONENT).content == b"component"
        wrong = base64.b64encode(b"grower:weed").decode()
        monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {server: {"auth": wrong}}}))
        with pytest.raises(Exception, match="its login is not good for this") as caught:
            push_component(place, b"component")
        assert "weed" not in str(caught.value)
        assert wrong not in str(caught.value)


def test_fetched_images_are_not_built(tmp_path: Path) -> None:
    file = workloads.write(tmp_path)
    file.write_text(file.read_text().replace("file:hello.wasm", "oci://127.0.0.1:1/hello:1"))
    with pytest.raises(ValueError, match="is fetched, not built"):
        manifest.load(file)
