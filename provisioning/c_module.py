"""Core modules from C: clang for the sources, the linker of the Rust toolchain for the rest.

A folder of C sources has, itself or in subfolders, everything the module is made of: `*.c`, headers, and the object
file with the component's type that `wit-bindgen c` writes beside its bindings. There is no C library: sources bring the
few functions of it that they use.
"""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

from provisioning import checkout, component_compiler, rust_toolchain
from provisioning.errors import InputError, ToolError

COMPILER_FLAGS = (
    *("--target=wasm32", "-std=c17", "-Oz", "-g1", "-ffreestanding", "-fvisibility=hidden", "-mbulk-memory"),
    *("-ffunction-sections", "-fdata-sections", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"),
)
LINKER_FLAGS = ("-flavor", "wasm", "--no-entry", "--gc-sections", "--stack-first")


def build(folder: Path, target: str) -> Path:
    """Compile and link the C sources of a folder; the module's path. Raises InputError or ToolError."""
    sources = sorted(folder.rglob("*.c"))
    if not sources:
        raise InputError("there are no C sources to build here", where=str(folder))
    clang = _clang()
    output = checkout.cache() / "c" / hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    output.mkdir(parents=True, exist_ok=True)
    includes = [f"-I{header.parent}" for header in sorted(folder.rglob("*.h"))]
    objects = []
    for at, source in enumerate(sources):
        objects.append(output / f"{at}.o")
        _run(clang, *COMPILER_FLAGS, *dict.fromkeys(includes), "-c", str(source), "-o", str(objects[-1]))
    module = output / "module.wasm"
    link = "-Clink-arg="
    arguments = [flag.removeprefix(link) for flag in rust_toolchain.COMPONENT_RUSTFLAGS if flag.startswith(link)]
    stored = sorted(folder.rglob("*.o"))
    _run(str(_linker(target)), *LINKER_FLAGS, *arguments, *map(str, [*objects, *stored]), "-o", str(module))
    return module


def _clang() -> str:
    """The newest clang that knows WebAssembly."""
    numbered = sorted(Path("/usr/bin").glob("clang-[0-9]*"), key=lambda path: int(re.sub(r"\D", "", path.name)))
    for candidate in [shutil.which("clang"), *map(str, reversed(numbered))]:
        if candidate is None:
            continue
        targets = subprocess.run([candidate, "--print-targets"], capture_output=True, text=True, check=False).stdout
        if "wasm32" in targets:
            return candidate
    raise ToolError(
        "no clang here can compile for WebAssembly", next_step="on Debian and Ubuntu: apt-get install clang"
    )


def _linker(target: str) -> Path:
    linker = component_compiler.toolchain(target).linker
    if linker is None:
        raise ToolError(f"the Rust toolchain for {target} has no linker of its own")
    return linker


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToolError(f"{Path(command[0]).name} failed:\n{done.stderr.strip()}")
