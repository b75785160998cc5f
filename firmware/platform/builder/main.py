"""PlatformIO's build script: cargo builds, images are written for the emulator."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from SCons.Script import ARGUMENTS, AlwaysBuild, Default, DefaultEnvironment

env = DefaultEnvironment()
board = env.BoardConfig().get("petiole")
builder_dir = Path(env.PioPlatform().get_dir()) / "builder"
sys.path.append(str(builder_dir))

import cargo  # noqa: E402
import images  # noqa: E402
import paths  # noqa: E402
import sizes  # noqa: E402
from elf import Elf, ElfError  # noqa: E402

from provisioning.rust_toolchain import ToolchainError  # noqa: E402


def build(target: list[Any], source: list[Any], env: Any) -> int:
    """Runs cargo and puts the ELF file where PlatformIO looks for it."""
    color = bool(int(ARGUMENTS.get("ISATTY", 0)))
    try:
        code = cargo.run(board, "build", color=color, verbose=bool(int(ARGUMENTS.get("PIOVERBOSE", 0))))
    except ToolchainError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    if code == 0:
        Path(str(target[0])).write_bytes(cargo.elf_path(board).read_bytes())
    return code


def upload(target: list[Any], source: list[Any], env: Any) -> int:
    """Writes the flash images of the emulated device."""
    try:
        image = images.upload(board, Elf.read(Path(str(source[0]))), paths.device_dir(board["name"]))
    except (ElfError, OSError) as error:
        print(f"Error: upload: {error}", file=sys.stderr)
        return 1
    print(f"Wrote {image}")
    return 0


def show_sizes(target: list[Any], source: list[Any], env: Any) -> None:
    """Prints sections and what is left."""
    print(sizes.table(board, Elf.read(Path(str(source[0])))))


def emulate(target: list[Any], source: list[Any], env: Any) -> int:
    """Runs the emulator on the uploaded images until it is stopped; the monitor's port is its serial port."""
    folder = paths.device_dir(board["name"])
    values = {
        "firmware": str(folder / images.FIRMWARE_IMAGE),
        "flash": str(folder / images.DATA_IMAGE),
        "serial_port": env.GetProjectOption("monitor_port").rpartition(":")[2],
        "qmp": str(folder / "qmp.sock"),
    }
    print(f"Serial port {env.GetProjectOption('monitor_port')}, QMP {values['qmp']}; stop with Ctrl-C")
    try:
        return subprocess.run(
            [word.format_map(values) for word in board["emulator"]["command"]], check=False
        ).returncode
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        print(f"Error: emulator: {error}", file=sys.stderr)
        return 1


env.Replace(
    SIZETOOL="elf.py",
    SIZECHECKCMD=[env.subst("$PYTHONEXE"), str(builder_dir / "elf.py"), "$SOURCES"],
    SIZEPROGREGEXP=r"^flash (\d+)",
    SIZEDATAREGEXP=r"^ram (\d+)",
    PROGNAME="firmware",
    PROGSUFFIX=".elf",
    UPLOAD_PROTOCOL="image",
)

elf = env.Command("$PROGPATH", [], env.VerboseAction(build, f"Building {board['crate']} with cargo"))
AlwaysBuild(elf)
AlwaysBuild(env.Alias("buildprog", elf))
AlwaysBuild(env.Alias("checkprogsize", elf, env.VerboseAction(env.CheckUploadSize, "Checking size $SOURCE")))
env.AddPlatformTarget("size", elf, env.VerboseAction(show_sizes, "Sizes of $SOURCE"), "Program Size")
if "emulator" in board:
    env.AddPlatformTarget("upload", elf, env.VerboseAction(upload, "Writing flash images"), "Upload")
    env.AddPlatformTarget("emulate", [], env.VerboseAction(emulate, f"Emulating {board['name']}"), "Emulate")
Default([elf])
