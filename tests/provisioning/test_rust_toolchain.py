"""`provisioning.rust_toolchain` against folders of pretended compilers."""

from pathlib import Path

import pytest

from provisioning import rust_toolchain
from provisioning.rust_toolchain import ToolchainError, find, main

TARGET = "thumbv8m.main-none-eabi"


class Machine:
    """A machine with the compilers and linkers that a test puts on it, and no other."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "path"
        self.distribution = root / "distribution"
        self.path.mkdir()
        self.distribution.mkdir()

    def script(self, file: Path, body: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(0o755)

    def rust(
        self,
        folder: Path,
        version: str = "1.95.0",
        *,
        target: bool = False,
        source: bool = False,
        lld: int | None = None,
    ) -> Path:
        """A rustc and a cargo in `folder`; returns the sysroot."""
        sysroot = self.root / f"sysroot-{folder.name}"
        library = sysroot / "lib/rustlib" / TARGET / "lib"
        self.script(
            folder / "rustc",
            f'case "$*" in --version) echo "rustc {version} (x)";; "--print sysroot") echo {sysroot};;\n'
            f'*" {TARGET}") echo {library};; *) exit 1;; esac',
        )
        self.script(folder / "cargo", 'echo "$@" > "$PETIOLE_TEST_OUTPUT"; env >> "$PETIOLE_TEST_OUTPUT"; exit 7')
        if target:
            library.mkdir(parents=True)
            (library / "libcore-0123.rlib").touch()
        if source:
            crate = sysroot / "lib/rustlib/src/rust/library/core"
            crate.mkdir(parents=True)
            (crate / "Cargo.toml").touch()
        if lld is not None:
            self.script(sysroot / "lib/rustlib/x86_64-unknown-linux-gnu/bin/rust-lld", f'echo "LLD {lld}.1.0 (x)"')
        return sysroot


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    monkeypatch.setenv("PATH", f"{machine.path}:/bin:/usr/bin")
    monkeypatch.setenv("RUSTFLAGS", "")
    monkeypatch.setattr(rust_toolchain, "DISTRIBUTION", machine.distribution)
    monkeypatch.setattr(rust_toolchain, "LLVM", tmp_path / "llvm")
    machine.script(machine.path / "rustup", "exit 1")
    machine.script(machine.path / "rustc", "exit 1")
    machine.script(machine.path / "cargo", "exit 1")
    machine.script(machine.path / "lld", "exit 1")
    machine.script(machine.path / "rust-lld", "exit 1")
    return machine


def test_a_toolchain_with_the_target_is_taken_first(machine: Machine) -> None:
    sysroot = machine.rust(machine.path, target=True, source=True, lld=22)
    machine.rust(machine.distribution, "1.96.0", source=True)
    toolchain = find(TARGET)
    assert (toolchain.builds_std, toolchain.cargo, toolchain.rustc) == (False, ("cargo",), None)
    assert toolchain.command("build", "-p", "x") == ["cargo", "build", "--target", TARGET, "-p", "x"]
    environment = toolchain.environment({})
    assert environment["CARGO_TARGET_THUMBV8M_MAIN_NONE_EABI_LINKER"].startswith(str(sysroot))
    assert "RUSTC_BOOTSTRAP" not in environment


def test_else_one_with_sources_builds_core_itself(machine: Machine) -> None:
    machine.rust(machine.path, lld=22)
    machine.rust(machine.distribution, "1.96.0", source=True)
    toolchain = find(TARGET)
    rustc = machine.distribution / "rustc"
    assert (toolchain.builds_std, toolchain.rustc) == (True, rustc)
    assert toolchain.command("build")[:4] == [str(machine.distribution / "cargo"), "build", "--target", TARGET]
    assert "-Zbuild-std=core,alloc" in toolchain.command("build")
    environment = toolchain.environment({"RUSTFLAGS": "-Cx"}, rustflags=["-Cy"])
    assert (environment["RUSTC"], environment["RUSTC_BOOTSTRAP"]) == (str(rustc), "1")
    assert environment["RUSTFLAGS"] == "-Cx -Cy"


def test_rustups_other_toolchains_count(machine: Machine) -> None:
    machine.rust(machine.path, "1.80.0", lld=22)
    other = machine.root / "other"
    machine.rust(other, target=True)
    machine.script(machine.path / "rustup", "echo 'nightly-x86_64 (default)'")
    first = machine.path / "rustc"
    machine.script(first, f'case "$1" in +nightly-x86_64) shift; exec {other}/rustc "$@";; esac\n' + first.read_text())
    assert find(TARGET).cargo == ("cargo", "+nightly-x86_64")


def test_small_pages_and_stack_for_webassembly_alone(machine: Machine) -> None:
    machine.rust(machine.path, target=True, lld=22)
    toolchain = find(TARGET)
    assert "RUSTFLAGS" not in toolchain.environment({})
    component = rust_toolchain.Toolchain("", "wasm32v1-none", ("cargo",), None, builds_std=False)
    assert "-Clink-arg=--page-size=1" in component.environment({})["RUSTFLAGS"]


def test_an_old_toolchain_is_not_taken_and_named(machine: Machine) -> None:
    machine.rust(machine.path, "1.90.0", target=True, lld=22)
    with pytest.raises(ToolchainError, match=rf"found: Rust 1\.90 in .*rustup target add {TARGET}"):
        find(TARGET)


def test_no_toolchain_at_all_says_what_to_install(machine: Machine) -> None:
    with pytest.raises(ToolchainError, match=r"found: none.*rustc-web"):
        find(TARGET)
    with pytest.raises(ToolchainError, match=r"found: none.*rustup"):
        find()


def test_an_old_linker_is_not_taken(machine: Machine) -> None:
    machine.rust(machine.path, target=True, lld=14)
    with pytest.raises(ToolchainError, match="no linker"):
        find(TARGET)
    machine.script(machine.root / "llvm/llvm-22/bin/lld", 'echo "Debian LLD 22.1.8 (compatible with GNU linkers)"')
    assert find(TARGET).linker == machine.root / "llvm/llvm-22/bin/lld"


def test_the_host_needs_no_linker(machine: Machine) -> None:
    machine.rust(machine.path)
    toolchain = find()
    assert toolchain.command("build") == ["cargo", "build"]
    assert toolchain.linker is None


def test_the_script_runs_cargo_and_hands_its_code_on(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.rust(machine.path, target=True, lld=22)
    output = machine.root / "output"
    monkeypatch.setenv("PETIOLE_TEST_OUTPUT", str(output))
    assert main(["cargo", TARGET, "--", "build", "--release"]) == 7
    assert output.read_text().splitlines()[0] == f"build --target {TARGET} --release"
    assert main(["show", TARGET]) == 0
    assert "has core and alloc" in capsys.readouterr().out
    assert main(["show", "z80"]) == 1
    assert "no Rust toolchain" in capsys.readouterr().err
