"""Asks the agent of this machine at its socket (see `edge_host.status_server`)."""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
from pathlib import Path
from typing import Any

from edge_host.admin.common import default_config
from edge_host.config import load
from edge_host.errors import EdgeHostError
from edge_host.status_server import SOCKET, socket_file

RUNTIME = Path("/run/petiole")
SECONDS = 10.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options that say which agent is meant."""
    parser.add_argument("--config", type=Path, help="the agent's file (default: agent.toml, /etc/petiole/agent.toml)")
    parser.add_argument("--socket", type=Path, help="the agent's socket, instead of the one of its state folder")


def ask(question: str, options: argparse.Namespace) -> Any:
    """The answer; raises `EdgeHostError` that says why there is none."""
    file = options.socket or _socket(options.config)
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as line:
        line.settimeout(SECONDS)
        try:
            line.connect(str(file))
            line.sendall(json.dumps({"ask": question}).encode() + b"\n")
            with line.makefile("rb") as answers:
                answer = json.loads(answers.readline() or b"null")
        except PermissionError:
            advice = "run this as root, or join its group: sudo adduser $USER petiole"
            raise EdgeHostError(f"{file} may not be opened by this user; {advice}") from None
        except (FileNotFoundError, ConnectionRefusedError):
            advice = "does it run? systemctl status petiole-agent, or name it with --config"
            raise EdgeHostError(f"no agent listens at {file}; {advice}") from None
        except (OSError, ValueError) as error:
            raise EdgeHostError(f"the agent at {file} does not answer: {error}") from None
    if not isinstance(answer, dict) or not answer.get("ok"):
        problem = answer.get("error") if isinstance(answer, dict) else "it closed the connection"
        raise EdgeHostError(f"the agent at {file} cannot answer: {problem}")
    return answer["answer"]


def _socket(config: Path | None) -> Path:
    system = RUNTIME / SOCKET
    file = config or default_config()
    if config is None and not _readable(file):
        return system
    found = socket_file(load(file).state)
    return system if not _there(found) and _there(system) else found


def _readable(file: Path) -> bool:
    try:
        with file.open("rb"):
            return True
    except OSError:
        return False


def _there(file: Path) -> bool:
    try:
        return file.exists()
    except OSError:
        return False
