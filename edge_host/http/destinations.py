"""Which hosts a guest may ask, and at which of their addresses.

A name must be among the allowed hosts: `host` (the usual port of the scheme), `host:port`, `*.domain` or `*`. Then the
addresses are looked at that the name leads to: those of private networks, of this machine and other special ones are
refused unless the very name, or the very address, is allowed. The connection goes to the address that was looked at, so
a name that leads elsewhere a moment later changes nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from edge_host.http.model import HttpError

PORTS = {"http": 80, "https": 443}
PROHIBITED = "destination-IP-prohibited"
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")

Resolve = Callable[[str, int], Iterable[str]]
"""The addresses of a name, as texts; raises `OSError`."""


@dataclass(frozen=True)
class Destination:
    """Where a request goes; `is_literal` when the allowed hosts have this very name."""

    scheme: str
    host: str
    port: int
    is_literal: bool

    @property
    def authority(self) -> str:
        """The value of the field `host`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def destination(scheme: str | None, authority: str | None, allowed: Sequence[str]) -> Destination | HttpError:
    """Where a request with this scheme (https when there is none) and authority goes."""
    scheme = scheme or "https"
    if scheme not in PORTS or not authority:
        return HttpError("HTTP-request-URI-invalid")
    parts = _split(authority)
    if parts is None:
        return HttpError("HTTP-request-URI-invalid")
    host, port = parts[0], parts[1] or PORTS[scheme]
    usual = port == PORTS[scheme]
    is_literal = any(entry == (host, port) or (usual and entry == (host, None)) for entry in map(_split, allowed))
    if is_literal or any(_fits(entry, host, port, usual=usual) for entry in allowed):
        return Destination(scheme, host, port, is_literal)
    return HttpError("HTTP-request-denied")


def addresses(to: Destination, resolve: Resolve | None = None) -> list[str] | HttpError:
    """The addresses of a destination that may be connected to."""
    try:
        found = list((resolve or resolved)(to.host, to.port))
    except OSError as error:
        return HttpError("DNS-error", _dns(str(error.strerror or error)))
    if not found:
        return HttpError("DNS-error", _dns("no address"))
    usable = [address for address in found if to.is_literal or is_public(address)]
    return usable or HttpError(PROHIBITED)


def is_public(address: str) -> bool:
    """Whether an address is one of the public network."""
    found: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if found in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


def resolved(host: str, port: int) -> list[str]:
    """The addresses that the system knows for a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _split(authority: str) -> tuple[str, int | None] | None:
    """Host in lower case and port; None for what is neither `host` nor `host:port`."""
    authority = authority.lower()
    if authority.startswith("["):
        host, bracket, rest = authority[1:].partition("]")
        try:
            host = str(ipaddress.IPv6Address(host))
        except ValueError:
            return None
        if not bracket or (rest and not rest.startswith(":")):
            return None
        text = rest[1:]
    else:
        host, _, text = authority.partition(":")
        host = host.removesuffix(".")
        if not host or not set(host) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-_*"):
            return None
    if not text:
        return host, None
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 1 << 16:
        return None
    return host, int(text)


def _fits(entry: str, host: str, port: int, *, usual: bool) -> bool:
    """Whether an allowed host with a wildcard allows it."""
    parts = _split(entry)
    if parts is None or not parts[0].startswith("*"):
        return False
    pattern, wanted = parts
    if wanted != port and not (wanted is None and usual):
        return False
    return pattern == "*" or (pattern.startswith("*.") and host.endswith(pattern[1:]) and len(host) >= len(pattern))


def _dns(text: str) -> object:
    from edge_host.interfaces.adapter import record  # noqa: PLC0415 - a record of Wasmtime, for guests alone

    return record(rcode=text, info_code=None)
