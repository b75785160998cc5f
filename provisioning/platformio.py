"""Runs PlatformIO with our own development platform (`firmware/platform`), which drives cargo."""

import fcntl
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

from provisioning import checkout
from provisioning.errors import ToolError

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
    """The environment that PlatformIO runs in: nothing is sent to anybody."""
    return os.environ | {
        "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "no",
        "PLATFORMIO_SETTING_CHECK_PLATFORMIO_INTERVAL": "36500",
        "PLATFORMIO_NO_ANSI": "true",
    }


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
