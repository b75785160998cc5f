"""Runs PlatformIO with our own development platform (`firmware/platform`), which drives cargo.

PlatformIO keeps its state in `.cache/platformio` of the checkout. It needs its build engine, the package `tool-scons`,
which it fetches from its registry; when SCons from PyPI is installed, that is used instead and no registry is asked.
"""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from provisioning import checkout
from provisioning.errors import ToolError

SCONS_SCRIPT = 'import SCons.Script\n\nif __name__ == "__main__":\n    SCons.Script.main()\n'
TAIL_LINES = 30
SIZE = re.compile(r"^(RAM|Flash):.*\(used (\d+) bytes from (\d+) bytes\)")

Line = Callable[[str], None]
"""Called with each line that PlatformIO prints."""


def run(arguments: list[str], *, extra: Mapping[str, str] | None = None, line: Line = lambda _text: None) -> list[str]:
    """Run `pio` with `arguments` in the firmware's folder; returns the lines it printed.

    Raises ToolError with the end of the output when it fails, or when PlatformIO is not installed.
    """
    _require()
    firmware = checkout.root() / "firmware"
    command = [sys.executable, "-m", "platformio", *arguments]
    lines = []
    with (
        _alone(),
        subprocess.Popen(
            command,
            cwd=firmware,
            env=environment() | dict(extra or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
    ):
        for text in process.stdout or ():
            lines.append(text.rstrip())
            line(lines[-1])
    if process.returncode:
        raise ToolError(
            f"pio {' '.join(arguments)} failed with code {process.returncode}",
            where=str(firmware),
            next_step="\n  ".join(lines[-TAIL_LINES:]),
        )
    return lines


def replace_process(arguments: list[str]) -> None:
    """Let `pio` take this process's place: for a monitor, which wants the terminal for itself."""
    _require()
    os.chdir(checkout.root() / "firmware")
    os.execve(sys.executable, [sys.executable, "-m", "platformio", *arguments], environment())  # noqa: S606


def environment() -> dict[str, str]:
    """The environment that PlatformIO runs in: its own state folder, nothing sent to anybody."""
    core = Path(os.environ.get("PLATFORMIO_CORE_DIR") or checkout.cache() / "platformio")
    prepare_scons(core)
    return os.environ | {
        "PLATFORMIO_CORE_DIR": str(core),
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
        "PLATFORMIO_SETTING_CHECK_PLATFORMIO_INTERVAL": "36500",
        "PLATFORMIO_NO_ANSI": "true",
        "PETIOLE_ROOT": str(checkout.root()),
    }


def prepare_scons(core: Path) -> None:
    """Make the package `tool-scons` out of the installed SCons, unless it is there or SCons is not installed."""
    folder = core / "packages" / "tool-scons"
    spec = find_spec("SCons")
    if folder.exists() or spec is None or spec.origin is None:
        return
    major, minor, patch = [*version("SCons").split("."), "0", "0"][:3]
    number = f"4.{major}{int(minor):02}{int(patch):02}.0"
    building = folder.with_name(f".tool-scons-{os.getpid()}")
    building.mkdir(parents=True)
    shutil.copytree(Path(spec.origin).parent, building / "SCons", ignore=shutil.ignore_patterns("__pycache__"))
    (building / "scons.py").write_text(SCONS_SCRIPT)
    (building / "package.json").write_text(json.dumps({"name": "tool-scons", "version": number}))
    source = {"owner": "platformio", "id": None, "name": "tool-scons", "requirements": None, "uri": None}
    described = {"type": "tool", "name": "tool-scons", "version": number, "spec": source}
    (building / ".piopm").write_text(json.dumps(described))
    try:
        building.rename(folder)
    except OSError:
        shutil.rmtree(building)


def sizes(lines: list[str]) -> dict[str, int]:
    """Bytes of `flash` and `ram` that the image uses, and `flash_max` and `ram_max`, from PlatformIO's output."""
    found = {}
    for text in lines:
        if match := SIZE.match(text):
            name = match[1].lower()
            found[name], found[f"{name}_max"] = int(match[2]), int(match[3])
    return found


@contextmanager
def _alone() -> Iterator[None]:
    """One PlatformIO at a time in a checkout: its build state is not made for two."""
    with (checkout.cache() / "platformio.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _require() -> None:
    try:
        version("platformio")
    except PackageNotFoundError as error:
        raise ToolError(
            "PlatformIO is not installed", next_step="install it with: pip install 'petiole[boards]'"
        ) from error
