"""Requests to registries and web servers; what may be asked is decided in `wire.fetching`."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from wire.errors import SourceError
from wire.fetching import Answer, Request, is_loopback
from wire.oci import Registry, find_login

SECONDS = 60.0


def send(request: Request) -> Answer:
    """Make one request and follow no redirect; raises SourceError when there is no whole answer within the limit."""
    host = urlsplit(request.url).hostname
    try:
        with (
            httpx.Client(timeout=SECONDS, trust_env=not is_loopback(host), follow_redirects=False) as client,
            client.stream(request.method, request.url, headers=dict(request.headers), content=request.body) as answer,
        ):
            body = bytearray()
            for part in answer.iter_bytes():
                body += part
                if len(body) > request.limit:
                    raise SourceError(f"{host} serves more than the {request.limit} bytes that are taken")
            return Answer(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, bytes(body))
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise SourceError(f"{host} does not answer ({error or type(error).__name__})") from None


def registry() -> Registry:
    """The talk with registries, with the logins of this user."""
    return Registry(send, lambda name: find_login(name, os.environ, Path.home()))
