"""Builds a board's firmware with cargo. All compiler flags that a firmware is built with stand here."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from paths import CARGO_TARGET, PROGRAMS, ROOT

sys.path.append(str(ROOT))

from target_spec import without_frame_pointers

from provisioning.rust_toolchain import Toolchain, find

PROFILE = "firmware"

FLAGS = (
    # Texts of panics and `{:?}` are of no use without a console; a fault's address is enough to find its source.
    "-Zfmt-debug=none",
    "-Zlocation-detail=none",
    # Guests are compiled without SIMD; tail calls make Pulley's loop both faster and smaller.
    "--cfg",
    "pulley_disable_interp_simd",
    "--cfg",
    "pulley_assume_llvm_makes_tail_calls",
    # SHA-512 in rounds instead of unrolled: 28 KB less, and still fast enough for one signature.
    "--cfg",
    'sha2_backend_soft="compact"',
    # The crates below P-256 take any Arm for one that multiplies 64 bits by 64.
    "--cfg",
    'cpubits="32"',
    # What cannot be reached needs no trapping instruction behind it.
    "-Ztrap-unreachable=no",
    # The compiler leaves out its own inliner when it builds for size. Small functions alone: 28 KB less on Cortex-M33,
    # because copies of large structures become one copy (engine settings: 18 KB); at the usual threshold, 50, 23 KB.
    "-Zinline-mir=yes",
    "-Zinline-mir-threshold=10",
    "-Zinline-mir-hint-threshold=20",
    # Functions with the same instructions are linked once.
    "-Clink-arg=--icf=all",
)

FLAGS_WITH_OWN_STD = ("-Zunstable-options", "-Cpanic=immediate-abort")
"""A panic becomes one trapping instruction. Possible only where `core` is compiled along."""


FLAGS_OF_ARCHITECTURE = {
    # Lets the linker shorten calls, for 50 KB less. The compiler warns at each crate that the feature's name is not
    # stable; warnings about our own code are shown by clippy and by the boards of other architectures.
    "riscv32": ("-Ctarget-feature=+relax", "-Awarnings"),
}


FLAGS_UNALIGNED = {
    # Pulley's bytecode and guests' memory are read a word at a time instead of a byte: CoreMark runs a third faster.
    "riscv32": ("-Ctarget-feature=+unaligned-scalar-mem",),
}
"""For cores that read and write words at any address (`chip.unaligned` in the board's file)."""


def elf_path(board: dict[str, Any]) -> Path:
    """Where cargo leaves the firmware."""
    return CARGO_TARGET / str(board["target"]) / PROFILE / str(board["crate"])


def flags(toolchain: Toolchain, unaligned: bool) -> list[str]:
    """The compiler's flags with this toolchain; `unaligned`: whether the core reads and writes words at any address."""
    found = [*FLAGS, *(FLAGS_WITH_OWN_STD if toolchain.builds_std else ())]
    for of_architecture in (FLAGS_OF_ARCHITECTURE, FLAGS_UNALIGNED if unaligned else {}):
        for architecture, more in of_architecture.items():
            if toolchain.target.startswith(architecture):
                found += more
    return found


def toolchain_for(target: str) -> Toolchain:
    """What builds firmware for a target. Raises provisioning.rust_toolchain.ToolchainError when nothing here can."""
    return without_frame_pointers(find(target))


def run(board: dict[str, Any], subcommand: str, *arguments: str, color: bool = False, verbose: bool = False) -> int:
    """Runs one cargo subcommand over a board's crate; its output goes where ours goes. Returns the exit code.

    Raises provisioning.rust_toolchain.ToolchainError when there is no compiler for the board.
    """
    toolchain = toolchain_for(str(board["target"]))
    command = toolchain.command(
        subcommand, "--package", str(board["crate"]), "--profile", PROFILE, "--target-dir", str(CARGO_TARGET)
    )
    command += ["--color", "always" if color else "auto", *(["--verbose"] if verbose else []), *arguments]
    unaligned = bool(board["chip"].get("unaligned"))
    environment = toolchain.environment(rustflags=flags(toolchain, unaligned), unstable=True)
    return subprocess.run(command, cwd=PROGRAMS, env=environment, check=False).returncode
