"""References of things in a registry, as container tools write them: `registry/repository:tag@sha256:...`."""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from wire import digests
from wire.errors import MalformedError
from wire.fetching import is_loopback

SCHEME = "oci://"

_REGISTRY = re.compile(
    r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?|\[[0-9a-fA-F:]+\](:[0-9]{1,5})?", re.ASCII
)
_PART = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*", re.ASCII)
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", re.ASCII)
_DOCKER_HUB = "docker.io"
_DOCKER_HUB_HOST = "registry-1.docker.io"


@dataclass(frozen=True)
class Reference:
    """Something in a registry, by tag or by the digest of its manifest, which goes before."""

    registry: str
    repository: str
    tag: str | None = None
    digest: bytes | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The reference written as `text`, with or without `oci://`; MalformedError when it is none."""
        rest, at, digest = text.removeprefix(SCHEME).partition("@")
        registry, slash, path = rest.partition("/")
        repository, colon, tag = path.partition(":")
        if not slash or not _REGISTRY.fullmatch(registry) or not all(map(_PART.fullmatch, repository.split("/"))):
            raise MalformedError(
                f"{text!r} names nothing in a registry: write oci://REGISTRY/REPOSITORY:TAG@sha256:..."
            )
        if colon and not _TAG.fullmatch(tag):
            raise MalformedError(f"{tag!r} is not a tag: use up to 128 letters, digits, '.', '_' and '-'")
        if not colon and not at:
            raise MalformedError(f"{text!r} has neither a tag nor a digest: write oci://{rest}:TAG")
        return cls(registry, repository, tag or None, digests.parse(digest) if at else None)

    @property
    def url(self) -> str:
        """The address of the repository: plain HTTP on loopback, TLS elsewhere."""
        host = _DOCKER_HUB_HOST if self.registry == _DOCKER_HUB else self.registry
        name = urlsplit(f"//{host}").hostname
        return f"{'http' if is_loopback(name) else 'https'}://{host}/v2/{self.repository}"

    @property
    def manifest_name(self) -> str:
        """What the registry calls its manifest."""
        return digests.show(self.digest) if self.digest is not None else str(self.tag)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{digests.show(self.digest)}" if self.digest is not None else ""
        return f"{SCHEME}{self.registry}/{self.repository}{tag}{digest}"


def is_reference(text: str) -> bool:
    """Whether `text` is meant for a registry: `oci://...`, or, as Docker has it, `HOST/...` where HOST looks so."""
    if text.startswith(SCHEME):
        return True
    host, slash, _ = text.partition("/")
    looks_so = host == "localhost" or "." in host or ":" in host
    return bool(slash) and looks_so and _REGISTRY.fullmatch(host) is not None
