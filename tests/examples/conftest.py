"""Examples as a newcomer builds them, and a host in this process to run them on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from provisioning import component
from provisioning.component import BuiltComponent
from tests.edge_host.bench import Bench

EXAMPLES = Path(__file__).parents[2] / "examples"
BuildExample = Callable[[str], dict[str, BuiltComponent]]


@pytest.fixture(scope="session")
def build_example() -> BuildExample:
    """Builds an example once; gives its components by name."""

    @cache
    def build(name: str) -> dict[str, BuiltComponent]:
        return {built.name: built for built in component.build(EXAMPLES / name)}

    return build


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.close()
