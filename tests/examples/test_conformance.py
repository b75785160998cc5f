"""The conformance guests on the edge host: every check of every interface, reported once and true.

The same guests run on the emulated boards (tests/conformance), but for those of interfaces that edge hosts alone have:
what they report is the same there.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest

from edge_host.http.server import HttpServer
from edge_host.http.settings import HttpSettings
from tests.edge_host.bench import Bench
from tests.examples.conftest import EXAMPLES, BuildExample
from tests.examples.running import Example
from wire.descriptor import Component

HELPERS = {"report", "answer"}
GUESTS = sorted(
    folder.name for folder in (EXAMPLES / "conformance").iterdir() if folder.is_dir() and folder.name not in HELPERS
)
_CHECK = re.compile(r"^    fn (\w+)\(\) -> bool", re.MULTILINE)


@pytest.mark.parametrize("name", GUESTS)
def test_an_interface_keeps_its_promises(name: str, build_example: BuildExample, bench: Bench) -> None:
    folder = EXAMPLES / "conformance" / name
    checks = _CHECK.findall((folder / "src/lib.rs").read_text(encoding="utf-8"))
    built = build_example(f"conformance/{name}")
    assert checks

    async def check() -> None:
        server = HttpServer(HttpSettings("127.0.0.1", 0), bench.host.routes)
        authority = f"127.0.0.1:{await server.start()}"

        def at_this_port(component: Component) -> Component:
            if component.edge is None or not component.edge.allowed_hosts:
                return component
            options = replace(component.edge, allowed_hosts=(authority,))
            return replace(component, config={"authority": authority}, edge=options)

        guest = Example(bench, folder, built, at_this_port)
        await guest.until(
            lambda sink: len([value for _, _, value in sink.measured if value in (True, False)]) >= len(checks)
        )
        await guest.stop()
        await server.close()
        reported = {check: value for check, _, value in guest.sink.measured if check in checks}
        assert reported == dict.fromkeys(checks, True)

    asyncio.run(check())
