"""Finds a Rust toolchain for a target: microcontrollers, WebAssembly, or this machine (`host`).

Two ways lead to a bare-metal target, and the first that is there is taken:

1. a toolchain that has the target's `core` and `alloc` compiled (the normal way, `rustup target add TARGET`);
2. a toolchain with the sources of the standard library (rustup's component `rust-src`, or Debian's `rust-web-src`),
   with which cargo builds `core` and `alloc` itself (`-Zbuild-std`).

Either way a linker that knows the target is needed: the `rust-lld` that rustup's toolchains bring, or LLVM's `lld` from
version 20 (the first that links WebAssembly memories with small pages).

Only the standard library is used, and nothing of Petiole: PlatformIO's builder imports this file from its path.
As a script: `python rust_toolchain.py show TARGET`, `python rust_toolchain.py cargo TARGET -- build --release -p ...`.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HOST = "host"
OLDEST_RUST = (1, 95)
OLDEST_LLD = 20
COMPONENT_RUSTFLAGS = ("-Clink-arg=--page-size=1", "-Clink-arg=-zstack-size=2048", "-Ctarget-feature=+bulk-memory")
"""For WebAssembly targets: memory as large as needed instead of pages of 64 KiB, a stack that fits a board, and
copies by the engine instead of 1 KB of loops in each component."""
DISTRIBUTION = Path("/usr/bin")
LLVM = Path("/usr/lib")


class ToolchainError(Exception):
    """No Rust toolchain here can build for the target; the text says what to install."""


@dataclass(frozen=True)
class Toolchain:
    """A way to call cargo for one target."""

    name: str
    """For people: version and origin."""
    target: str
    cargo: tuple[str, ...]
    """The command, with rustup's `+toolchain` where needed."""
    rustc: Path | None
    """The compiler cargo must use, where it is not the one that belongs to it."""
    builds_std: bool
    """Whether cargo builds `core` and `alloc`; only then do flags like `-Cpanic=immediate-abort` reach them."""
    linker: Path | None = None
    std_features: tuple[str, ...] = field(default=("optimize_for_size",))
    std_crates: tuple[str, ...] = ("core", "alloc")
    """What cargo builds of the standard library, if it does."""
    spec: Path | None = None
    """A description of the target (rustc's target spec) to take instead of the compiler's own; its file is named like
    the target. Only for toolchains that build the standard library."""

    def command(self, subcommand: str, *arguments: str) -> list[str]:
        """The command line: `command("build", "--release")`. Run it with `environment()`."""
        target = [] if self.target == HOST else ["--target", self.target]
        if self.spec is not None:
            target = ["-Zjson-target-spec", "--target", str(self.spec)]
        std = (
            [f"-Zbuild-std={','.join(self.std_crates)}", f"-Zbuild-std-features={','.join(self.std_features)}"]
            if self.builds_std
            else []
        )
        return [*self.cargo, subcommand, *target, *std, *arguments]

    def environment(
        self, base: Mapping[str, str] | None = None, *, rustflags: Sequence[str] = (), unstable: bool = False
    ) -> dict[str, str]:
        """The environment to run cargo in: `base` (or this process's) with what the toolchain needs.

        `rustflags` are added to those in `RUSTFLAGS` and to those the target needs; with `unstable` they may hold
        `-Z` flags.
        """
        environment = dict(os.environ if base is None else base)
        if self.rustc is not None:
            environment["RUSTC"] = str(self.rustc)
        if self.builds_std or unstable:
            environment["RUSTC_BOOTSTRAP"] = "1"
        if self.linker is not None:
            environment[f"CARGO_TARGET_{re.sub('[-.]', '_', self.target.upper())}_LINKER"] = str(self.linker)
        flags = [*(COMPONENT_RUSTFLAGS if self.target.startswith("wasm32") else ()), *rustflags]
        if flags:
            environment["RUSTFLAGS"] = " ".join([*environment.get("RUSTFLAGS", "").split(), *flags])
        return environment


def find(target: str = HOST) -> Toolchain:
    """The toolchain for `target`, a rustc target triple or `host`.

    Raises `ToolchainError` when there is none; its text says what to install.
    """
    compilers = list(_compilers())
    recent = [compiler for compiler in compilers if compiler.version >= OLDEST_RUST]
    if target == HOST:
        for compiler in recent:
            return Toolchain(compiler.name, HOST, compiler.cargo, compiler.rustc, builds_std=False)
        raise ToolchainError(_advice(target, compilers))
    for builds_std in (False, True):
        for compiler in recent:
            fits = compiler.has_source(target) if builds_std else compiler.has_target(target)
            if fits:
                linker = _linker(compilers)
                if linker is None:
                    raise ToolchainError(_linker_advice(target, compiler))
                return Toolchain(compiler.name, target, compiler.cargo, compiler.rustc, builds_std, linker)
    raise ToolchainError(_advice(target, compilers))


@dataclass(frozen=True)
class _Compiler:
    """One rustc with its cargo."""

    command: tuple[str, ...]
    cargo: tuple[str, ...]
    rustc: Path | None
    version: tuple[int, int]
    sysroot: Path

    @property
    def name(self) -> str:
        return f"Rust {self.version[0]}.{self.version[1]} in {self.sysroot}"

    def has_target(self, target: str) -> bool:
        folder = self._library(target)
        return folder is not None and any(folder.glob("libcore-*.rlib"))

    def has_source(self, target: str) -> bool:
        source = self.sysroot / "lib/rustlib/src/rust/library/core/Cargo.toml"
        return source.is_file() and self._library(target) is not None

    def _library(self, target: str) -> Path | None:
        """Where the compiled `core` of the target would lie; None when the compiler does not know the target."""
        folder = _output(*self.command, "--print", "target-libdir", "--target", target)
        return None if folder is None else Path(folder)


def _compilers() -> Iterator[_Compiler]:
    """Every toolchain here: the one on PATH, rustup's others, the distribution's."""
    seen: set[Path] = set()
    for command, cargo, rustc in _commands():
        text = _output(*command, "--version")
        sysroot = _output(*command, "--print", "sysroot")
        match = re.match(r"rustc (\d+)\.(\d+)\.", text or "")
        if match is None or sysroot is None or Path(sysroot) in seen:
            continue
        seen.add(Path(sysroot))
        yield _Compiler(command, cargo, rustc, (int(match[1]), int(match[2])), Path(sysroot))


def _commands() -> Iterator[tuple[tuple[str, ...], tuple[str, ...], Path | None]]:
    if shutil.which("rustc") and shutil.which("cargo"):
        yield ("rustc",), ("cargo",), None
    for line in (_output("rustup", "toolchain", "list") or "").splitlines():
        name = f"+{line.split()[0]}"
        yield ("rustc", name), ("cargo", name), None
    rustc, cargo = DISTRIBUTION / "rustc", DISTRIBUTION / "cargo"
    if rustc.is_file() and cargo.is_file():
        yield (str(rustc),), (str(cargo),), rustc


def _linker(compilers: Sequence[_Compiler]) -> Path | None:
    for compiler in compilers:
        for linker in sorted(compiler.sysroot.glob("lib/rustlib/*/bin/rust-lld")):
            if _lld_version(linker, "-flavor", "gnu") >= OLDEST_LLD:
                return linker
    on_path = [Path(found) for found in map(shutil.which, ("rust-lld", "lld")) if found]
    for linker in [*on_path, *sorted(LLVM.glob("llvm-*/bin/lld"), reverse=True)]:
        if _lld_version(linker, "-flavor", "gnu") >= OLDEST_LLD:
            return linker
    return None


def _lld_version(linker: Path, *arguments: str) -> int:
    match = re.search(r"LLD (\d+)\.", _output(str(linker), *arguments, "--version") or "")
    return int(match[1]) if match else 0


def _output(*command: str) -> str | None:
    """What a command prints, or None when it cannot run or fails."""
    environment = {name: value for name, value in os.environ.items() if name not in ("RUSTC", "RUSTUP_TOOLCHAIN")}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _advice(target: str, compilers: Sequence[_Compiler]) -> str:
    found = "; ".join(compiler.name for compiler in compilers) or "none"
    rust = ".".join(map(str, OLDEST_RUST))
    ways = [f"install Rust {rust} or newer from rustup (https://rustup.rs)"]
    if target != HOST:
        ways[0] += f" and run `rustup target add {target}`"
        ways.append("on Debian or Ubuntu: `apt-get install rustc-web cargo-web rust-web-src lld-22`")
    else:
        ways.append("on Debian or Ubuntu: `apt-get install rustc-web cargo-web`")
    return f"no Rust toolchain here can build for {target} (found: {found}). Either {', or '.join(ways)}."


def _linker_advice(target: str, compiler: _Compiler) -> str:
    return (
        f"{compiler.name} can compile for {target}, but there is no linker for it: LLVM's lld {OLDEST_LLD} or newer. "
        "Install rustup's stable toolchain, which brings one, or on Debian and Ubuntu `apt-get install lld-22`."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Shows the toolchain of a target, or runs cargo with it; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="rust_toolchain.py", description="Runs cargo with a toolchain that has TARGET."
    )
    parser.add_argument("action", choices=["show", "cargo"])
    parser.add_argument("target", help="a rustc target triple, or host")
    parser.add_argument("arguments", nargs="*", help="after --: cargo's subcommand and its arguments")
    options = parser.parse_args(arguments)
    try:
        toolchain = find(options.target)
    except ToolchainError as error:
        print(f"rust_toolchain: {error}", file=sys.stderr)
        return 1
    if options.action == "show":
        way = "builds core and alloc" if toolchain.builds_std else "has core and alloc"
        print(f"{toolchain.name}: {way}; linker {toolchain.linker or 'default'}")
        return 0
    if not options.arguments:
        parser.error("nothing for cargo to do: add -- build ...")
    command = toolchain.command(*options.arguments)
    return subprocess.run(command, env=toolchain.environment(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
