"""The `[http]` section of the configuration: where requests for guests come in, and how much of them."""

from __future__ import annotations

from dataclasses import dataclass

from edge_host.settings import Integer, Number, Section, Text
from edge_host.toml_table import Table

LISTEN = Text("listen", "`HOST:PORT` where requests for workloads are taken; nothing listens without it", optional=True)
HEAD_BYTES = Integer("head-bytes", "the most bytes of a request's line and fields", 16_384, least=1024, most=1 << 20)
BODY_BYTES = Integer("body-bytes", "the most bytes of a request's body", 8 << 20, least=0, most=1 << 40)
REQUEST_SECONDS = Number("request-seconds", "how long a guest may take for an answer", 30.0, least=0.1, most=3600)
IDLE_SECONDS = Number("idle-seconds", "how long a connection may wait for (the rest of) a request", 15.0, least=0.1)
CONNECTIONS = Integer("connections", "connections at the same time", 128, least=1, most=10_000)
HTTP = Section(
    "http",
    "HTTP for workloads. Put a proxy with TLS before it where others can reach it.",
    (LISTEN, HEAD_BYTES, BODY_BYTES, REQUEST_SECONDS, IDLE_SECONDS, CONNECTIONS),
)


@dataclass(frozen=True)
class HttpSettings:
    """Where to listen, and limits: bytes of a request's head and body, seconds, connections."""

    host: str
    port: int
    head_bytes: int = 16_384
    body_bytes: int = 8 << 20
    request_seconds: float = 30.0
    idle_seconds: float = 15.0
    connections: int = 128


def read_http(table: Table) -> HttpSettings | None:
    """The settings in a table; None when nothing is to listen. Raises `ConfigError`."""
    listen = table.find(LISTEN)
    limits = (table.get(HEAD_BYTES), table.get(BODY_BYTES))
    seconds = (table.get(REQUEST_SECONDS), table.get(IDLE_SECONDS))
    connections = table.get(CONNECTIONS)
    table.close()
    if listen is None:
        return None
    host, _, port = listen.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise table.error(LISTEN.name, f"{listen!r} is not HOST:PORT")
    return HttpSettings(host.strip("[]"), int(port), *limits, *seconds, connections)
