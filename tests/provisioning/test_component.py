"""Building components, and the check of their imports against the workload file."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from petiole.app import app
from provisioning import component, component_compiler, grants
from provisioning.component import BuiltComponent, load_workload
from provisioning.component_compiler import World
from provisioning.errors import InputError, ToolError
from tests.provisioning import workloads
from wire.interfaces import HANDLER

RUNNER = CliRunner()
LOGGING = "wasi:logging/logging@0.1.0-draft"
EXPORTS = (HANDLER.full_name,)


def test_a_component_is_built(hello: BuiltComponent) -> None:
    assert hello.path.read_bytes()[:8] == b"\0asm\x0d\x00\x01\x00"
    assert hello.world == World((LOGGING,), EXPORTS)
    assert 0 < hello.size < hello.compiled_size


def test_builds_are_reproducible(hello: BuiltComponent, tmp_path: Path) -> None:
    (again,) = component.build(workloads.write(tmp_path))
    assert again.sha256 == hello.sha256
    assert again.compiled_sha256 == hello.compiled_sha256


def test_the_command_prints_sizes(tmp_path: Path, hello: BuiltComponent) -> None:
    workloads.write(tmp_path)
    result = RUNNER.invoke(app, ["component", "build", str(tmp_path), "--json"])
    printed = json.loads(result.stdout)
    assert printed["component"] == hello.size
    assert printed["sha256"] == hello.sha256.hex()


@pytest.mark.parametrize(
    ("interfaces", "world", "message", "next_step"),
    [
        (
            workloads.SCHEDULE,
            World((LOGGING,), EXPORTS),
            f"component hello imports {LOGGING}, which the workload file does not grant",
            "- {namespace: wasi, package: logging, interfaces: [logging]}",
        ),
        (
            workloads.SCHEDULE,
            World(("petiole:i2c/buses@0.1.0",), EXPORTS),
            "imports petiole:i2c/buses@0.1.0, which the workload file does not grant",
            "- {namespace: wasi, package: i2c, interfaces: [i2c], config: {labels: NAME}}",
        ),
        (
            workloads.SCHEDULE,
            World(("wasi:nn/inference@0.2.0",), EXPORTS),
            "imports wasi:nn/inference@0.2.0, which no host offers",
            "offered are wasi:logging/logging",
        ),
        (
            workloads.LOGGING + workloads.SCHEDULE,
            World((LOGGING,), ()),
            "exports no petiole:schedule/handler@0.1.0",
            "remove petiole:schedule",
        ),
    ],
)
def test_missing_grants_are_named(tmp_path: Path, interfaces: str, world: World, message: str, next_step: str) -> None:
    workload = load_workload(workloads.write(tmp_path, interfaces=interfaces))
    with pytest.raises(InputError) as caught:
        grants.complete(workload, [world])
    assert message in caught.value.what
    assert next_step in caught.value.next_step


def test_a_companion_comes_with_its_interface(tmp_path: Path) -> None:
    i2c = "        - {namespace: wasi, package: i2c, interfaces: [i2c], config: {labels: env}}\n"
    workload = load_workload(workloads.write(tmp_path, interfaces=i2c))
    grants.complete(workload, [World(("petiole:i2c/buses@0.1.0", "wasi:i2c/i2c@0.2.0-draft"), ())])


def test_a_file_that_does_not_say_how_to_build(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not say how to build") as caught:
        component.build(workloads.write(tmp_path, crate=None))
    assert "petiole.build/crate" in caught.value.next_step


def test_a_crate_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no crate to build"):
        component.build(workloads.write(tmp_path, crate=tmp_path / "nothing"))


def test_one_crate_for_two_components(tmp_path: Path) -> None:
    path = workloads.write(tmp_path, extra="        - {name: two, image: 'file:two.wasm'}\n")
    with pytest.raises(InputError, match=r"unknown annotation petiole.build/crate: did you mean"):
        component.build(path)


def test_a_wrong_workload_file_keeps_its_line(tmp_path: Path) -> None:
    path = workloads.write(tmp_path, interfaces="        - {namespace: wasi}\n")
    result = RUNNER.invoke(app, ["component", "build", str(path)])
    assert result.exit_code == 2
    assert f"{path}:13: " in result.output


def test_what_is_no_component(tmp_path: Path) -> None:
    path = tmp_path / "text.wasm"
    path.write_text("hello")
    with pytest.raises(ToolError, match="not WebAssembly"):
        component_compiler.world(path)


def test_a_compiler_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(component_compiler.VARIABLE, str(tmp_path / "nothing"))
    component_compiler.find.cache_clear()
    with pytest.raises(InputError, match="names no program"):
        component_compiler.find()
    component_compiler.find.cache_clear()
