"""Requests with the standard library; only the child process that fetches imports this."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from wire.errors import SourceError
from wire.fetching import Answer, Request, is_loopback

SECONDS = 60.0


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Redirects are for `wire.fetching` to follow, which knows where credentials may go."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Never a new request."""


def send(request: Request) -> Answer:
    """Make one request and follow no redirect; raises SourceError when there is no whole answer within the limit."""
    host = urlsplit(request.url).hostname
    handlers: list[Any] = [_NoRedirects, *([urllib.request.ProxyHandler({})] if is_loopback(host) else [])]
    asked = urllib.request.Request(  # noqa: S310 - wire.fetching lets http and https through alone
        request.url, request.body, dict(request.headers), method=request.method
    )
    try:
        with urllib.request.build_opener(*handlers).open(asked, timeout=SECONDS) as answer:
            return _answer(answer.status, answer.headers, answer, request.limit, host)
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error.code, error.headers, error, request.limit, host)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        raise SourceError(f"{host} does not answer ({reason})") from None


def _answer(status: int, headers: Any, stream: Any, limit: int, host: str | None) -> Answer:
    body: bytes = stream.read(limit + 1)
    if len(body) > limit:
        raise SourceError(f"{host} serves more than the {limit} bytes that are taken")
    return Answer(status, {name.lower(): value for name, value in headers.items()}, body)
