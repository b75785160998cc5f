"""What the benchmark programs carry: CoreMark and hello, as signed bundles, core modules for other engines.

CoreMark comes from the crate `coremark` (a Rust port of EEMBC's, checked by the CRCs that the benchmark defines) and
needs `std`; other interpreters know memory pages of 64 KiB alone, so their modules are linked with those.
"""

import subprocess
from dataclasses import replace
from pathlib import Path

import cbor2

from bench.paths import CACHE, ROOT
from bench.run import petiole, petiole_json
from provisioning import component_compiler, rust_toolchain
from provisioning.rust_toolchain import Toolchain

GUESTS = ROOT / "bench" / "guests"
COREMARK_TARGET = "wasm32-unknown-unknown"
HELLO_TARGET = "wasm32v1-none"
STANDARD_PAGE = 65_536
SMALL_PAGE = 1
COREMARK_FLAGS = ("-Ctarget-cpu=mvp", "-Zunstable-options", "-Cpanic=immediate-abort")
"""WebAssembly 1.0 for all interpreters; a panic is a trap."""


def prepare() -> Path:
    """The folder with bundles, codes, modules and the anchor that `bench/firmware` includes."""
    folder = CACHE / "data"
    folder.mkdir(parents=True, exist_ok=True)
    coremark = GUESTS / "coremark"
    small = module(coremark, "bench-coremark", COREMARK_TARGET, SMALL_PAGE)
    component_compiler.componentize(small, coremark / "coremark.wasm")
    module(coremark, "bench-coremark", COREMARK_TARGET, STANDARD_PAGE).replace(folder / "coremark.wasm")
    hello = ROOT / "examples" / "hello"
    petiole("component", "build", str(hello))
    module(hello, "hello", HELLO_TARGET, STANDARD_PAGE).replace(folder / "hello.wasm")
    key = folder / "bench.key"
    if not key.exists():
        petiole("keys", "new", "bench", "--dir", str(folder))
    (folder / "anchor").write_bytes(bytes.fromhex(petiole_json("keys", "show", str(key))["public_key"]))
    for workload in (hello, coremark):
        bundle = folder / f"{workload.name}.suit"
        petiole(
            *("bundle", "make", "-f", str(workload / "workload.yaml"), "--key", str(key)),
            *("--target", "board", "-o", str(bundle)),
        )
        envelope = cbor2.loads(bundle.read_bytes())
        bundle.with_suffix(".code").write_bytes(envelope.value["#code"])
    return folder


def module(crate: Path, package: str, target: str, page: int) -> Path:
    """A crate's core module with memory pages of `page` bytes. The next call for the same target may replace it."""
    standard_library = target == COREMARK_TARGET
    toolchain = with_std(target) if standard_library else rust_toolchain.find(target)
    flags = [*(COREMARK_FLAGS if standard_library and toolchain.builds_std else ()), f"-Clink-arg=--page-size={page}"]
    command = toolchain.command(
        "build", "--quiet", "--release", "--package", package, "--target-dir", str(CACHE / "guests")
    )
    subprocess.run(command, cwd=crate, env=toolchain.environment(rustflags=flags, unstable=True), check=True)
    return CACHE / "guests" / target / "release" / f"{package.replace('-', '_')}.wasm"


def with_std(target: str) -> Toolchain:
    """A toolchain for a target whose `std` is there, or is built along."""
    return replace(rust_toolchain.find(target), std_crates=("std", "panic_abort"))
