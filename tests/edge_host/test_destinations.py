"""Which hosts a guest may ask: names before resolution, addresses after it."""

from __future__ import annotations

import pytest

from edge_host.http.destinations import PROHIBITED, Destination, addresses, destination, is_public
from edge_host.http.model import HttpError

DENIED, WRONG = "HTTP-request-denied", "HTTP-request-URI-invalid"


def code(found: object) -> str:
    return found.code if isinstance(found, HttpError) else "allowed"


@pytest.mark.parametrize(
    ("scheme", "authority", "allowed", "expected"),
    [
        ("https", "example.com", (), DENIED),
        ("https", "example.com", ("example.com",), "allowed"),
        (None, "Example.COM.", ("example.com",), "allowed"),
        ("http", "example.com:80", ("example.com",), "allowed"),
        ("http", "example.com:8080", ("example.com",), DENIED),
        ("http", "example.com:8080", ("example.com:8080",), "allowed"),
        ("http", "example.com", ("example.com:443",), DENIED),
        ("https", "api.example.com", ("*.example.com",), "allowed"),
        ("https", "example.com", ("*.example.com",), DENIED),
        ("https", "badexample.com", ("*.example.com",), DENIED),
        ("https", "example.com.evil.org", ("example.com", "*.example.com"), DENIED),
        ("https", "anything.org", ("*",), "allowed"),
        ("https", "anything.org:444", ("*",), DENIED),
        ("https", "[::1]:8443", ("[::1]:8443",), "allowed"),
        ("https", "user@example.com", ("*", "example.com"), WRONG),
        ("https", "example.com/path", ("*",), WRONG),
        ("https", "example.com:99999", ("*",), WRONG),
        ("https", "", ("*",), WRONG),
        ("https", None, ("*",), WRONG),
        ("ftp", "example.com", ("*",), WRONG),
    ],
)
def test_names_are_checked(scheme: str | None, authority: str | None, allowed: tuple[str, ...], expected: str) -> None:
    assert code(destination(scheme, authority, allowed)) == expected


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1"),
        *("64:ff9b::7f00:1", "2002:7f00:1::", "::ffff:10.0.0.1"),
    ],
)
def test_special_addresses_are_refused_unless_the_very_host_is_allowed(address: str) -> None:
    assert not is_public(address)
    by_wildcard = Destination("http", "sneaky.example.com", 80, is_literal=False)
    assert code(addresses(by_wildcard, lambda *_: [address])) == PROHIBITED
    by_name = Destination("http", "nas.local", 80, is_literal=True)
    assert addresses(by_name, lambda *_: [address]) == [address]


def test_only_public_addresses_of_a_mixed_answer_are_used() -> None:
    to = Destination("https", "mixed.example.com", 443, is_literal=False)
    assert addresses(to, lambda *_: ["127.0.0.1", "93.184.216.34", "::1"]) == ["93.184.216.34"]


def test_a_name_that_leads_nowhere_is_told() -> None:
    def fails(host: str, port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    assert code(addresses(Destination("https", "nowhere.example", 443, is_literal=True), fails)) == "DNS-error"
