"""Instructions and heap of our engine, wasmi and wasm3 on both emulated boards, written to `bench/speed.json`.

QEMU counts: with `-icount shift=0` an instruction takes one virtual nanosecond. The programs in `bench/firmware` are
built with the firmware's flags; wasm3 is C and comes from the source package of pywasm3.
"""

import json
import subprocess
import sys
import tarfile
from pathlib import Path

from bench import guests
from bench.paths import BOARDS, CACHE, ROOT, SPEED
from provisioning import boards

sys.path.append(str(ROOT / "firmware" / "platform" / "builder"))

from cargo import PROFILE, flags, toolchain_for
from elf import Elf

PROGRAMS = ("pulley", "wasmi", "wasm3")
WASM3 = "0.5.0"
CRC_FINAL = "fcaf"
"""CoreMark's result after ten iterations of its 2K performance run."""
EMULATORS = {
    "qemu-an505": ("qemu-system-arm", "-M", "mps2-an505"),
    "qemu-riscv32": ("qemu-system-riscv32", "-M", "virt", "-bios", "none"),
}
FLASH_BANK = 32 << 20
TIMEOUT_SECONDS = 300

Numbers = dict[str, int]


class BenchError(Exception):
    """A program ended early, or computed something wrong; the text is what it said."""


def measure() -> dict[str, dict[str, Numbers]]:
    """Numbers by board and program, each written to the file as soon as it is known: a run takes long."""
    data, wasm3 = guests.prepare(), wasm3_source()
    known: dict[str, dict[str, Numbers]] = json.loads(SPEED.read_text()) if SPEED.exists() else {}
    speed = {board: dict(known.get(board, {})) for board in BOARDS}
    for board in BOARDS:
        for program in PROGRAMS:
            speed[board][program] = run(board, program, data, wasm3)
            SPEED.write_text(json.dumps(speed, indent=2) + "\n")
    return speed


def run(board: str, program: str, data: Path, wasm3: Path) -> Numbers:
    """Build one program for a board, run it, and read what it says. `flash` is without the components in it."""
    elf = build(board, program, data, wasm3)
    numbers = {"flash": Elf.read(elf).flash - carried(program, data)}
    done = subprocess.run(emulator(board, elf), capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    crc = ""
    for line in done.stdout.splitlines():
        name, _, value = line.partition(" ")
        if name == "crcfinal":
            crc = value
        elif value.isdecimal():
            numbers[name] = int(value)
    if done.returncode or crc != CRC_FINAL:
        raise BenchError(f"{program} on {board}: {done.stdout}{done.stderr}")
    return numbers


def build(board: str, program: str, data: Path, wasm3: Path) -> Path:
    """The ELF file of one program."""
    described = boards.load(board)
    toolchain = toolchain_for(described.target)
    folder = CACHE / "cargo"
    choice = ("--features", program, "--bin", program)
    command = toolchain.command("build", "--quiet", "--profile", PROFILE, "--target-dir", str(folder), *choice)
    environment = toolchain.environment(rustflags=flags(toolchain, described.chip.unaligned), unstable=True)
    environment |= {"PETIOLE_BENCH_DATA": str(data), "PETIOLE_BENCH_WASM3": str(wasm3)}
    subprocess.run(command, cwd=ROOT / "bench" / "firmware", env=environment, check=True)
    return folder / toolchain.target / PROFILE / program


def carried(program: str, data: Path) -> int:
    """Bytes of components in a program's image."""
    suffixes = (".suit", ".code") if program == "pulley" else (".wasm",)
    return sum((data / f"{name}{suffix}").stat().st_size for name in ("hello", "coremark") for suffix in suffixes)


def emulator(board: str, elf: Path) -> list[str]:
    """The command that runs a program."""
    command = [*EMULATORS[board], "-display", "none", "-monitor", "none", "-serial", "null", "-icount", "shift=0"]
    command += ["-semihosting-config", "enable=on,target=native"]
    if board == "qemu-an505":
        return [*command, "-kernel", str(elf)]
    image = elf.with_suffix(".img")
    content = Elf.read(elf).image(boards.load(board).firmware.base)
    image.write_bytes(content.ljust(FLASH_BANK, b"\xff"))
    return [*command, "-drive", f"if=pflash,unit=0,file={image},format=raw,readonly=on"]


def wasm3_source() -> Path:
    """The folder with wasm3's C files."""
    folder = CACHE / f"pywasm3-{WASM3}" / "wasm3"
    if not folder.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        download = ("download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(CACHE))
        subprocess.run([sys.executable, "-m", "pip", *download, f"pywasm3=={WASM3}"], check=True)
        with tarfile.open(CACHE / f"pywasm3-{WASM3}.tar.gz") as package:
            package.extractall(CACHE, filter="data")
    return folder
