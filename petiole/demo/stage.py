"""What every chapter of the story works on: the folder, the processes, the commands and the terminal."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.markup import escape

from petiole.demo.errors import CommandError, WaitError
from petiole.demo.processes import Processes, petiole

SITE = "greenhouse"
EDGE = "edge-1"
SENSOR_BOARD = "an505-1"
BLINK_BOARD = "riscv32-1"
BOARD_TYPES = {SENSOR_BOARD: "qemu-an505", BLINK_BOARD: "qemu-riscv32"}

T = TypeVar("T")


@dataclass
class Step:
    """One finished step, for the summary."""

    title: str
    seconds: float
    result: str


@dataclass
class Stage:
    """The state shared by the chapters."""

    root: Path
    folder: Path
    console: Console
    processes: Processes
    fleet_port: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    @property
    def fleet_url(self) -> str:
        """Address of the fleet's API and dashboard."""
        return f"http://127.0.0.1:{self.fleet_port}"

    def run(self, *arguments: str, expect: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        """Runs one `petiole` command to its end.

        Raises CommandError, with what the command printed, if its exit code is not one of `expect`.
        """
        done = subprocess.run(petiole(*arguments), capture_output=True, text=True, cwd=self.root, check=False)
        with (self.processes.logs / "commands.log").open("a") as log:
            log.write(f"$ petiole {' '.join(arguments)}\n{done.stdout}{done.stderr}[exit {done.returncode}]\n")
        if done.returncode not in expect:
            raise CommandError(
                f"petiole {' '.join(arguments)} ended with code {done.returncode}:\n{done.stdout}{done.stderr}".rstrip()
            )
        return done

    def fleet(self, *arguments: str) -> Any:
        """Runs a command that asks the fleet and returns its `--json` output."""
        return json.loads(self.run(*arguments, "--fleet", self.fleet_url, "--json").stdout)

    def device(self, name: str) -> dict[str, Any]:
        """The fleet's present view of one device."""
        found: dict[str, Any] = self.fleet("device", "show", name)
        return found

    def workload(self, device: str, name: str) -> dict[str, Any] | None:
        """The fleet's present view of one workload on a device."""
        for entry in self.device(device)["workloads"]:
            if entry["name"] == name:
                return dict(entry)
        return None

    def wait_for(self, what: str, probe: Callable[[], T | None], seconds: float = 120) -> T:
        """Calls `probe` until it gives something true. Raises WaitError after `seconds`, StoryError if a child died."""
        deadline = time.monotonic() + seconds
        while True:
            found = probe()
            if found:
                return found
            self.processes.check()
            if time.monotonic() > deadline:
                raise WaitError(f"{what}: not seen within {seconds:.0f} s; logs are in {self.processes.logs}")
            time.sleep(0.2)

    @contextmanager
    def step(self, title: str) -> Iterator[list[str]]:
        """Shows one line for a step, with its time; the block appends what came out of it."""
        started = time.monotonic()
        result: list[str] = []
        with self.console.status(escape(title)):
            yield result
        seconds = time.monotonic() - started
        text = "; ".join(result)
        self.steps.append(Step(title, seconds, text))
        shown = f"  [green]✓[/] {escape(title)} [dim]{seconds:6.1f} s[/]  {escape(text)}"
        self.console.print(shown, highlight=False)

    def chapter(self, number: int, title: str) -> None:
        """Prints the heading of a chapter."""
        self.console.print(f"\n[bold]{number}. {title}[/]")
