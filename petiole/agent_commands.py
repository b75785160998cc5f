"""`petiole agent`: needs nothing but what the agent itself needs, so that `pip install petiole` is enough on a board.

Each command is a module of the agent that this process becomes, so that none of the command's libraries stay in memory.
"""

import difflib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

SYSTEM_CONFIG = Path("/etc/petiole/agent.toml")


@dataclass(frozen=True)
class Command:
    """A module with a command line of its own, and what it is for."""

    module: str
    about: str


COMMANDS = {
    "run": Command("edge_host", "Run the agent in the foreground until SIGTERM."),
    "install": Command("edge_host.admin.install", "Write a hardened systemd unit for the agent of this machine."),
    "doctor": Command("edge_host.admin.doctor", "Look for what keeps the agent from working, and say what to do."),
    "status": Command("edge_host.admin.status", "What the agent of this machine does, asked at its socket."),
    "metrics": Command("edge_host.admin.metrics", "The same as Prometheus metrics."),
    "config": Command("edge_host.admin.config", "Look through a configuration file: petiole agent config check FILE."),
}


def usage() -> str:
    """The help of `petiole agent`."""
    width = max(map(len, COMMANDS))
    return "\n".join(
        [
            "Usage: petiole agent COMMAND [ARGS]...",
            "",
            "The agent of an edge host: runs workloads here, looks after attached boards, and talks to the fleet.",
            "",
            "Commands:",
            *(f"  {name:<{width}}  {command.about}" for name, command in COMMANDS.items()),
            "",
            "`petiole agent COMMAND --help` says more.",
        ]
    )


def main(arguments: Sequence[str]) -> int:
    """Become the command; returns an exit code when there is nothing to become."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage())
        return 0 if arguments else 2
    name, *rest = arguments
    command = COMMANDS.get(name)
    if command is None:
        near = difflib.get_close_matches(name, COMMANDS, 1)
        print(f"petiole agent: no command {name!r}" + (f", did you mean {near[0]}?" if near else ""), file=sys.stderr)
        print(f"  there are: {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    if name == "run":
        rest, problem = with_config(rest)
        if problem:
            print(f"petiole agent run: {problem}", file=sys.stderr)
            return 2
    become(command.module, rest)
    return 0


def become(module: str, arguments: Sequence[str]) -> None:
    """Replace this process by a module of the agent."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606


def with_config(arguments: Sequence[str]) -> tuple[list[str], str | None]:
    """The arguments of `run` with a configuration file that exists, and what is wrong or None."""
    given = list(arguments)
    if {"-h", "--help"} & {*given}:
        return given, None
    named = [Path(value) for option, value in pairwise(given) if option == "--config"]
    named += [Path(entry.partition("=")[2]) for entry in given if entry.startswith("--config=")]
    if not named:
        named = [SYSTEM_CONFIG if SYSTEM_CONFIG.is_file() and not Path("agent.toml").is_file() else Path("agent.toml")]
        given = ["--config", str(named[0]), *given]
    file = named[-1]
    if file.is_file():
        return given, None
    return given, f"{file} does not exist; make it with: petiole device enroll NAME --site SITE --edge {file.parent}"
