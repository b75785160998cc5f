"""The talk with a registry: pull and push of one artifact (OCI distribution specification 1.1), with its logins.

Whatever the registry serves is checked: the manifest against the digest in the reference, if it has one, and the layer
against manifest.
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from wire import digests
from wire.errors import SourceError
from wire.fetching import MAX_BYTES, Answer, Request, Send, check_url, fetch, joined
from wire.oci.artifact import MANIFEST_TYPE, MAX_MANIFEST, Artifact, Kind, layer
from wire.oci.credentials import Login
from wire.oci.reference import Reference

_PARAMETER = re.compile(r'([a-z_]+)="([^"]*)"')
_MAX_TOKEN = 65_536

_Scope = tuple[str, str, str]


@dataclass(frozen=True)
class Pulled:
    """What a reference stood for: its content, and the digest that pins the reference to it."""

    content: bytes
    digest: bytes


class Registry:
    """Pulls and pushes; knows a login for each registry. Raises SourceError when the registry does not do its part."""

    def __init__(self, send: Send, login: Callable[[str], Login | None]) -> None:
        self._send = send
        self._login = login
        self._authorization: dict[_Scope, str] = {}

    def pull(self, reference: Reference, kind: Kind) -> Pulled:
        """The one layer of an artifact; MalformedError when its manifest is none."""
        url = f"{reference.url}/manifests/{reference.manifest_name}"
        manifest = self._get(reference, Request("GET", url, {"Accept": MANIFEST_TYPE}, limit=MAX_MANIFEST))
        digest = hashlib.sha256(manifest).digest()
        if reference.digest not in (None, digest):
            raise SourceError(f"{reference}: the registry served another manifest, {digests.show(digest)}")
        try:
            wanted = layer(manifest, kind)
        except SourceError as error:
            raise SourceError(f"{reference}: {error}") from None
        if wanted.size > MAX_BYTES:
            raise SourceError(f"{reference} has {wanted.size} bytes; at most {MAX_BYTES} are taken")
        blob = f"{reference.url}/blobs/{digests.show(wanted.digest)}"
        content = self._get(reference, Request("GET", blob, limit=wanted.size))
        if hashlib.sha256(content).digest() != wanted.digest:
            raise SourceError(f"{reference}: the registry served other bytes than the manifest says")
        return Pulled(content, digest)

    def push(self, reference: Reference, artifact: Artifact) -> None:
        """Put an artifact there under the reference's tag."""
        for blob in (artifact.config, artifact.content):
            self._upload(reference, blob)
        url = f"{reference.url}/manifests/{reference.tag or digests.show(artifact.digest)}"
        request = Request("PUT", url, {"Content-Type": MANIFEST_TYPE}, artifact.manifest, MAX_MANIFEST)
        self._expect(reference, self._ask(reference, request, "pull,push"), 201)

    def _upload(self, reference: Reference, blob: bytes) -> None:
        name = digests.show(hashlib.sha256(blob).digest())
        there = self._ask(reference, Request("HEAD", f"{reference.url}/blobs/{name}", limit=0), "pull,push")
        if there.status == 200:
            return
        start = Request("POST", f"{reference.url}/blobs/uploads/", {"Content-Length": "0"}, b"", MAX_MANIFEST)
        begun = self._expect(reference, self._ask(reference, start, "pull,push"), 202)
        location = joined(start.url, begun.headers.get("location", ""))
        if urlsplit(location)[:2] != urlsplit(start.url)[:2]:
            raise SourceError(f"{reference}: the registry sends uploads to {urlsplit(location).hostname}; not followed")
        url = f"{location}{'&' if urlsplit(location).query else '?'}{urlencode({'digest': name})}"
        request = Request("PUT", url, {"Content-Type": "application/octet-stream"}, blob, MAX_MANIFEST)
        self._expect(reference, self._ask(reference, request, "pull,push"), 201)

    def _get(self, reference: Reference, request: Request) -> bytes:
        return self._expect(reference, self._ask(reference, request, "pull"), 200).body

    def _expect(self, reference: Reference, answer: Answer, status: int) -> Answer:
        if answer.status == status:
            return answer
        if answer.status in (401, 403):
            advice = "its login is not good for this" if self._login(reference.registry) else "it wants a login"
            raise SourceError(
                f"{reference}: the registry refuses ({answer.status}); {advice}: put one into "
                f"~/.docker/config.json, for example with `docker login {reference.registry}`"
            )
        if answer.status == 404:
            raise SourceError(f"{reference}: the registry has no such thing")
        raise SourceError(f"{reference}: the registry answered {answer.status}{_reason(answer.body)}")

    def _ask(self, reference: Reference, request: Request, actions: str) -> Answer:
        key = (reference.registry, reference.repository, actions)
        answer = fetch(self._send, self._signed(request, key))
        challenge = answer.headers.get("www-authenticate", "")
        if answer.status != 401 or not challenge:
            return answer
        self._authorization.pop(key, None)
        self._authorize(reference, challenge, key)
        return fetch(self._send, self._signed(request, key)) if key in self._authorization else answer

    def _signed(self, request: Request, key: _Scope) -> Request:
        if (value := self._authorization.get(key)) is None:
            return request
        headers = {**request.headers, "Authorization": value}
        return Request(request.method, request.url, headers, request.body, request.limit)

    def _authorize(self, reference: Reference, challenge: str, key: _Scope) -> None:
        """Get what the registry asks for: the login itself, or a token for it (Docker's token authentication)."""
        login = self._login(reference.registry)
        scheme, _, rest = challenge.partition(" ")
        parameters = dict(_PARAMETER.findall(rest))
        if scheme.lower() == "basic":
            if login is not None:
                self._authorization[key] = login.header
            return
        if scheme.lower() != "bearer" or not (realm := parameters.get("realm")):
            raise SourceError(f"{reference}: the registry wants a login of an unknown kind, {scheme}")
        wanted = {"scope": f"repository:{reference.repository}:{key[2]}"}
        if service := parameters.get("service"):
            wanted["service"] = service
        url = f"{check_url(realm)}{'&' if urlsplit(realm).query else '?'}{urlencode(wanted)}"
        headers = {"Authorization": login.header} if login is not None else {}
        answer = fetch(self._send, Request("GET", url, headers, limit=_MAX_TOKEN))
        try:
            fields = json.loads(answer.body)
        except (ValueError, RecursionError):
            fields = None
        token = (fields.get("token") or fields.get("access_token")) if isinstance(fields, dict) else None
        if answer.status == 200 and isinstance(token, str) and token.isascii() and token.isprintable():
            self._authorization[key] = f"Bearer {token}"


def _reason(body: bytes) -> str:
    """What the registry says of its error; empty when it says nothing readable."""
    try:
        said = json.loads(body)["errors"][0]["message"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return f": {said}"[:200] if isinstance(said, str) and said.isprintable() else ""
