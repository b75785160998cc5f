"""The conformance guests on the edge host: every check of every interface, reported once and true.

The same guests run on the emulated boards (tests/conformance): what they report is the same there.
"""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.edge_host.bench import Bench
from tests.examples.conftest import EXAMPLES, BuildExample
from tests.examples.running import Example

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
        guest = Example(bench, folder, built)
        await guest.until(
            lambda sink: len([value for _, _, value in sink.measured if value in (True, False)]) >= len(checks)
        )
        await guest.stop()
        reported = {check: value for check, _, value in guest.sink.measured if check in checks}
        assert reported == dict.fromkeys(checks, True)

    asyncio.run(check())
