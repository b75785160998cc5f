"""What is asked of a web server, and what may be: TLS outside loopback, few redirects, no credentials to others.

Nothing here opens a connection: who fetches brings a `Send`, which makes one request and follows no redirect.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from wire.errors import SourceError

MAX_BYTES = 128 * 1024 * 1024
"""The most bytes of a component or a bundle that are fetched."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5


@dataclass(frozen=True)
class Request:
    """One HTTP request; an answer of more than `limit` bytes is not wanted. Headers hold secrets and are not shown."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    limit: int = MAX_BYTES


@dataclass(frozen=True)
class Answer:
    """What a server answered; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


Send = Callable[[Request], Answer]
"""Makes one request, without following redirects; raises SourceError when there is no answer, or one over the limit."""


def is_loopback(host: str | None) -> bool:
    """Whether a host name means this machine."""
    return host in LOOPBACK


def check_url(url: str) -> str:
    """Return `url`, or raise SourceError unless it is `https://`, or `http://` on loopback, without a password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SourceError(f"{url!r} is not an address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or not url.isprintable() or " " in url:
        raise SourceError(f"{url!r} is not an address as https://HOST/PATH is")
    if parts.username is not None or parts.password is not None:
        raise SourceError(f"the address of {parts.hostname} must not hold a user or a password")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise SourceError(f"{parts.hostname} is asked over https alone: plain http is for this machine")
    return url


def joined(url: str, target: str) -> str:
    """What `target` means that came as an answer from `url`; SourceError unless it may be asked."""
    try:
        return check_url(urljoin(url, target))
    except ValueError as error:
        raise error if isinstance(error, SourceError) else SourceError(f"{target!r} is not an address") from None


def fetch(send: Send, request: Request) -> Answer:
    """The answer to a request after its redirects; credentials stay with the host they are for."""
    check_url(request.url)
    for _ in range(_MOST_REDIRECTS):
        answer = send(request)
        target = answer.headers.get("location")
        if answer.status not in _REDIRECTS or target is None or request.method not in ("GET", "HEAD"):
            return answer
        url = joined(request.url, target)
        headers = request.headers
        if urlsplit(url)[:2] != urlsplit(request.url)[:2]:
            headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
        request = Request(request.method, url, headers, None, request.limit)
    raise SourceError(f"{urlsplit(request.url).hostname} redirects without end")


def get(send: Send, url: str) -> bytes:
    """The content of an address; SourceError when the server does not give it."""
    answer = fetch(send, Request("GET", url))
    if answer.status != 200:
        raise SourceError(f"{urlsplit(url).hostname} answered {answer.status} for {urlsplit(url).path}")
    return answer.body
