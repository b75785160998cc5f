"""Runs `petiole-aot`, the ahead-of-time compiler that belongs to the boards' firmware.

It is built from the checkout when first needed (cargo knows whether it is up to date); PETIOLE_AOT names another one.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from provisioning import checkout, rust_toolchain
from provisioning.console import print_note
from provisioning.errors import InputError, ToolError
from provisioning.rust_toolchain import Toolchain

VARIABLE = "PETIOLE_AOT"
PACKAGE = "petiole-aot"


@dataclass(frozen=True)
class World:
    """What a component imports and exports, by full names."""

    imports: tuple[str, ...]
    exports: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A place in a component's source; what is not known is None. Line and column count from 1."""

    function: int | None
    name: str | None
    file: str | None
    line: int | None
    column: int | None


@cache
def find() -> Path:
    """The compiler; built if there is none yet. Raises InputError or ToolError."""
    if given := os.environ.get(VARIABLE):
        path = Path(given)
        if not os.access(path, os.X_OK):
            raise InputError(f"{VARIABLE} names no program", where=given, next_step=f"unset {VARIABLE} to build it")
        return path
    target_folder = checkout.cache() / "cargo" / "host"
    path = target_folder / "release" / PACKAGE
    if not path.is_file():
        print_note(f"building {PACKAGE}, the compiler for boards (once; some minutes)")
    run_cargo(rust_toolchain.HOST, checkout.root() / "firmware", target_folder, "--locked", "--package", PACKAGE)
    return path


def componentize(module: Path, component: Path) -> int:
    """Wrap a core module into a component and its debug file; the bytes of the module without the compiler's notes."""
    sizes = _run(
        "componentize", str(module), "--output", str(component), "--debug", str(debug_file(component)), "--json"
    )
    return int(json.loads(sizes)["core"])


def debug_file(component: Path) -> Path:
    """Where the names and line tables of a component lie."""
    return component.with_suffix(".debug.wasm")


def explain(component: Path, *, function: int | None, pc: int | None) -> Source:
    """What a place in a component is, by the debug file beside it. Raises ToolError when it has no such place."""
    places = {"--function": function, "--pc": pc}
    arguments = [text for name, value in places.items() if value is not None for text in (name, str(value))]
    return Source(**json.loads(_run("explain", str(component), *arguments, "--json")))


def compile_for_boards(component: Path, artifact: Path) -> None:
    """Compile a component to what boards of `board_profile` run."""
    _run("compile", str(component), "--output", str(artifact))


def board_profile() -> str:
    """The profile of boards whose firmware is in this checkout (formats.md section 3)."""
    return str(json.loads(_run("profile", "--json"))["profile"])


def world(component: Path) -> World:
    """What a component imports and exports. Raises ToolError when the file is no component."""
    names = json.loads(_run("imports", str(component), "--json"))
    return World(tuple(names["imports"]), tuple(names["exports"]))


@cache
def toolchain(target: str) -> Toolchain:
    """The Rust toolchain for `target`, looked for once a process: every compiler here is asked. Raises ToolError."""
    try:
        return rust_toolchain.find(target)
    except rust_toolchain.ToolchainError as error:
        raise ToolError(str(error)) from error


def run_cargo(target: str, folder: Path, target_folder: Path, *arguments: str) -> list[dict[str, object]]:
    """`cargo build --release` in `folder`; its messages. Compiler errors go to stderr as cargo shows them."""
    found = toolchain(target)
    quiet = () if sys.stderr.isatty() else ("--quiet",)
    command = found.command("build", "--release", "--message-format=json-render-diagnostics", *quiet, *arguments)
    environment = found.environment() | {"CARGO_TARGET_DIR": str(target_folder)}
    done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise ToolError(f"cargo build failed with exit code {done.returncode}", where=str(folder))
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b"{")]


def _run(*arguments: str) -> str:
    done = subprocess.run([find(), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        text = done.stderr.strip().removeprefix(f"{PACKAGE}: ")
        raise ToolError(text or f"{PACKAGE} {arguments[0]} ended with exit code {done.returncode}")
    return done.stdout
