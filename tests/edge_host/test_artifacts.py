"""Compiled components: made in a process of their own, once for each digest, and made again when they are damaged."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest
from wasmtime.component import Component

from edge_host.artifacts import Artifacts, Stored
from edge_host.errors import CompileError
from tests.edge_host import components
from tests.edge_host.bench import Bench


def stored(artifacts: Artifacts, wasm: bytes) -> Stored:
    digest = hashlib.sha256(wasm).digest()
    artifacts.payload(digest).write_bytes(wasm)
    return Stored(digest, digest, 0, len(wasm))


def compiled(state: Path) -> list[Path]:
    return list((state / "compiled").iterdir())


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The commands of the processes that were made; nothing is compiled in this one."""
    made: list[tuple[Any, ...]] = []
    execute = asyncio.create_subprocess_exec

    async def noted(*command: Any, **options: Any) -> asyncio.subprocess.Process:
        made.append(command)
        return await execute(*command, **options)

    def compile_here(*_: Any) -> None:
        raise AssertionError("the agent compiled a component itself")

    monkeypatch.setattr("edge_host.artifacts.asyncio.create_subprocess_exec", noted)
    monkeypatch.setattr(Component, "__init__", compile_here)
    return made


def test_a_component_is_compiled_once_in_a_process_of_its_own(
    bench: Bench, tmp_path: Path, processes: list[tuple[Any, ...]]
) -> None:
    wasm = components.idle()

    async def check() -> None:
        for _ in range(2):
            artifacts = Artifacts(tmp_path / "state")
            (await artifacts.load(bench.engine, stored(artifacts, wasm))).close()

    asyncio.run(check())
    (command,) = processes
    assert "edge_host.compile" in command


def test_what_cannot_be_compiled_is_told(bench: Bench, tmp_path: Path, processes: list[tuple[Any, ...]]) -> None:
    artifacts = Artifacts(tmp_path)
    component = stored(artifacts, b"\0asm nothing")
    with pytest.raises(CompileError, match=r"magic|version|unexpected|unknown|failed"):
        asyncio.run(artifacts.load(bench.engine, component))
    assert compiled(tmp_path) == []
    assert len(processes) == 1


def test_a_compiled_file_that_is_damaged_is_made_again(
    bench: Bench, tmp_path: Path, processes: list[tuple[Any, ...]]
) -> None:
    artifacts = Artifacts(tmp_path)
    component = stored(artifacts, components.idle())

    async def check() -> None:
        (await artifacts.load(bench.engine, component)).close()
        (file,) = compiled(tmp_path)
        file.write_bytes(file.read_bytes()[:100])
        with pytest.raises(CompileError, match="does not load"):
            await artifacts.load(bench.engine, component)
        (await artifacts.load(bench.engine, component)).close()

    asyncio.run(check())
    assert len(processes) == 2
