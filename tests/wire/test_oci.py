"""References, logins, and the talk with registries and web servers that redirect, ask for tokens, or lie."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire import digests, fetching
from wire.errors import MalformedError, SourceError
from wire.fetching import Answer, Request
from wire.oci import COMPONENT, Login, Reference, Registry, find_login

REFERENCE = Reference.parse("oci://registry.example/farm/hello:1")
CONTENT = b"component"


def manifest_of(content: bytes, **changes: object) -> bytes:
    layer = {
        "mediaType": "application/wasm",
        "digest": digests.show(hashlib.sha256(content).digest()),
        "size": len(content),
    }
    return json.dumps({"schemaVersion": 2, "layers": [layer | changes]}).encode()


class Double:
    """A registry that serves one artifact as `change` has it, and remembers what it was asked."""

    def __init__(self, change: Callable[[Request, Answer], Answer] = lambda _request, answer: answer) -> None:
        self.asked: list[Request] = []
        self.manifest = manifest_of(CONTENT)
        self._change = change

    def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        body = self.manifest if "/manifests/" in request.url else CONTENT
        return self._change(request, Answer(200, {}, body))

    def pull(self, reference: Reference = REFERENCE, login: Login | None = None) -> bytes:
        return Registry(self, lambda _name: login).pull(reference, COMPONENT).content


@pytest.mark.parametrize(
    "text",
    [
        "oci://registry.example/farm/hello:1.0_x-y",
        f"oci://127.0.0.1:5000/hello@sha256:{'0' * 64}",
        f"oci://[::1]:5000/a/b/c__d:1@sha256:{'a' * 64}",
    ],
)
def test_references_are_written_as_they_are_read(text: str) -> None:
    assert str(Reference.parse(text)) == text
    assert Reference.parse(text.removeprefix("oci://")) == Reference.parse(text)


@given(st.text())
def test_references_are_read_or_refused(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except MalformedError:
        return
    assert fetching.check_url(f"{reference.url}/manifests/{reference.manifest_name}")


def test_only_this_machine_is_asked_without_tls() -> None:
    assert REFERENCE.url == "https://registry.example/v2/farm/hello"
    assert Reference.parse("localhost:5000/x:1").url == "http://localhost:5000/v2/x"
    assert Reference.parse("docker.io/library/x:1").url == "https://registry-1.docker.io/v2/library/x"
    for url in ("http://registry.example/x", "ftp://127.0.0.1/x", "https://", "https://a:99999/x", "https://u:p@a/"):
        with pytest.raises(SourceError):
            fetching.check_url(url)


def test_a_token_is_asked_for_once_and_stays_with_the_registry() -> None:
    def guarded(request: Request, answer: Answer) -> Answer:
        if request.url.startswith("https://auth.example/"):
            return Answer(200, {}, b'{"token": "T"}')
        if request.url.startswith("https://storage.example/"):
            return answer
        if request.headers.get("Authorization") != "Bearer T":
            challenge = 'Bearer realm="https://auth.example/token",service="r"'
            return Answer(401, {"www-authenticate": challenge}, b"")
        if "/blobs/" in request.url:
            return Answer(307, {"location": "https://storage.example/blob"}, b"")
        return answer

    double = Double(guarded)
    assert double.pull(login=Login("user", "secret")) == CONTENT
    by_host = {url: request for request in double.asked for url in [request.url]}
    token = next(request for request in double.asked if "auth.example" in request.url)
    assert token.headers["Authorization"] == Login("user", "secret").header
    assert "scope=repository%3Afarm%2Fhello%3Apull" in token.url
    assert "Authorization" not in by_host["https://storage.example/blob"].headers
    assert len([request for request in double.asked if "auth.example" in request.url]) == 1
    assert "secret" not in repr(double.asked) + repr(Login("user", "secret"))


def test_redirects_end_and_stay_with_tls() -> None:
    round_trip = Double(lambda request, _answer: Answer(302, {"location": request.url}, b""))
    with pytest.raises(SourceError, match="redirects without end"):
        round_trip.pull()
    nowhere = Double(lambda _request, _answer: Answer(302, {"location": "https://[x/"}, b""))
    with pytest.raises(SourceError, match="is not an address"):
        nowhere.pull()
    realm = Double(lambda _request, _answer: Answer(401, {"www-authenticate": 'Bearer realm="http://a.example/"'}, b""))
    with pytest.raises(SourceError, match="plain http is for this machine"):
        realm.pull()
    down = Double(lambda _request, _answer: Answer(302, {"location": "http://registry.example/x"}, b""))
    with pytest.raises(SourceError, match="plain http is for this machine"):
        down.pull()


LIES = [
    (b"", "is not JSON"),
    (b"[]", "is not a map"),
    (b"{}", "no list of layers"),
    (b'{"manifests": []}', "an index of several images"),
    (b'{"layers": [1]}', "no list of layers"),
    (b'{"layers": []}', "it holds nothing, not one component"),
    (manifest_of(CONTENT, mediaType="text/plain"), "it holds text/plain"),
    (manifest_of(CONTENT, size="9"), "has no size"),
    (manifest_of(CONTENT, size=1 << 40), "at most"),
    (manifest_of(CONTENT, digest="md5:0"), "is not a digest"),
    (manifest_of(b"else"), "other bytes than the manifest says"),
]


@pytest.mark.parametrize(("manifest", "problem"), LIES)
def test_what_a_registry_must_not_serve(manifest: bytes, problem: str) -> None:
    double = Double()
    double.manifest = manifest
    with pytest.raises((SourceError, MalformedError), match=problem):
        double.pull()


def test_a_digest_pins_the_manifest() -> None:
    digest = hashlib.sha256(manifest_of(CONTENT)).digest()
    pinned = Reference("registry.example", "farm/hello", "1", digest)
    assert Double().pull(pinned) == CONTENT
    double = Double()
    double.manifest = manifest_of(CONTENT) + b" "
    with pytest.raises(SourceError, match="the registry served another manifest"):
        double.pull(pinned)


def test_logins(tmp_path: Path) -> None:
    file = tmp_path / ".docker" / "config.json"
    assert find_login("registry.example", {}, tmp_path) is None
    file.parent.mkdir()
    file.write_text(json.dumps({"auths": {"https://registry.example/v1/": {"auth": "dTpwOnE="}, "other": {}}}))
    assert find_login("registry.example", {}, tmp_path) == Login("u", "p:q")
    assert find_login("other", {}, tmp_path) is None
    assert find_login("registry.example.evil", {}, tmp_path) is None
    assert find_login("registry.example", {"DOCKER_CONFIG": str(tmp_path)}, tmp_path) is None
    named = tmp_path / "auth.json"
    named.write_text(json.dumps({"auths": {"registry.example": {"username": "a", "password": "b"}}}))
    assert find_login("registry.example", {"REGISTRY_AUTH_FILE": str(named)}, tmp_path) == Login("a", "b")
    for content in (
        "no",
        "[]",
        '{"auths": {"r": {"auth": "é"}}}',
        '{"auths": {"r": {"auth": "%%"}}}',
        '{"auths": {"r": {"auth": "dQ=="}}}',
    ):
        try:
            assert find_login("r", {"DOCKER_AUTH_CONFIG": content}, tmp_path) is None
        except SourceError as error:
            assert "DOCKER_AUTH_CONFIG" in str(error)
