"""Which workload an HTTP request is for."""

from __future__ import annotations

import pytest

from edge_host.routes import Prepare, Routes


async def _first(prepare: Prepare) -> None: ...


async def _second(prepare: Prepare) -> None: ...


@pytest.mark.parametrize(
    ("host", "path", "found"),
    [
        ("a.example", "/api/v1/x", _second),
        ("a.example", "/api?x=1", _first),
        ("a.example", "/api", _first),
        ("a.example", "/apis", None),
        ("a.example", "/", None),
        ("b.example", "/api/v1", None),
    ],
)
def test_the_longest_prefix_wins(host: str, path: str, found: object) -> None:
    routes = Routes()
    routes.add("a.example", "/api", _first)
    routes.add("a.example", "/api/v1", _second)
    assert routes.find(host, path) is found


def test_the_very_host_comes_before_any_host() -> None:
    routes = Routes()
    routes.add("*", "/api/v1", _second)
    end = routes.add("a.example", "/", _first)
    assert routes.find("a.example", "/api/v1") is _first
    assert routes.find("b.example", "/api/v1") is _second
    end()
    assert routes.find("a.example", "/api/v1") is _second


def test_a_release_beside_another_gets_the_requests_until_it_ends() -> None:
    routes = Routes()
    end_of_first = routes.add("*", "/", _first)
    end_of_second = routes.add("*", "/", _second)
    assert routes.find("a", "/") is _second
    end_of_second()
    end_of_second()
    assert routes.find("a", "/") is _first
    end_of_first()
    assert routes.find("a", "/") is None
    assert len(routes) == 0
