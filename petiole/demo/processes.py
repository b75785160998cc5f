"""Child processes of the demo: started with a log file each, ended in reverse order, never left behind by accident."""

import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from petiole.demo.errors import StoryError

STOP_SECONDS = 10


def free_port() -> int:
    """A TCP port on loopback that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def petiole(*arguments: str) -> list[str]:
    """The command line that runs this installation's `petiole` with the given arguments."""
    return [sys.executable, "-m", "petiole", *arguments]


@dataclass
class Process:
    """One running child: its name, its command line and the file its output goes to."""

    name: str
    command: list[str]
    log: Path
    child: subprocess.Popen[bytes]

    def alive(self) -> bool:
        """Whether the child still runs."""
        return self.child.poll() is None

    def tail(self, lines: int = 12) -> str:
        """The end of the child's log, for an error message."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


@dataclass
class Processes:
    """All children of one demo, by name."""

    logs: Path
    running: dict[str, Process] = field(default_factory=dict)

    def start(self, name: str, command: list[str]) -> Process:
        """Starts `command` in its own process group; its output is appended to `logs/<name>.log`."""
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{name}.log"
        with log.open("ab") as output:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )
        self.running[name] = Process(name, command, log, child)
        return self.running[name]

    def restart(self, name: str) -> Process:
        """Starts a child again that was stopped or killed, with the same command line."""
        return self.start(name, self.running[name].command)

    def kill(self, name: str) -> None:
        """Pulls the plug: SIGKILL for the child and everything it started."""
        self._signal(self.running[name], signal.SIGKILL)
        self.running[name].child.wait(STOP_SECONDS)

    def stop(self, name: str) -> None:
        """Asks the child to end, and kills it if it does not within ten seconds."""
        process = self.running[name]
        self._signal(process, signal.SIGTERM)
        try:
            process.child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill(name)

    def stop_all(self) -> None:
        """Ends every child, the youngest first."""
        for name in reversed(list(self.running)):
            self.stop(name)

    def check(self) -> None:
        """Raises StoryError if a child that should run has ended."""
        for process in self.running.values():
            if not process.alive():
                raise StoryError(
                    f"{process.name} ended by itself with code {process.child.returncode}; the end of {process.log}:\n"
                    f"{process.tail()}"
                )

    @staticmethod
    def _signal(process: Process, number: signal.Signals) -> None:
        if process.alive():
            os.killpg(process.child.pid, number)
