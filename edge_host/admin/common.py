"""What the commands share: which configuration is meant, and how errors and tables look."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from edge_host.errors import EdgeHostError

SYSTEM_CONFIG = Path("/etc/petiole/agent.toml")


def default_config() -> Path:
    """`agent.toml` here, else that of the system."""
    here = Path("agent.toml")
    return SYSTEM_CONFIG if SYSTEM_CONFIG.is_file() and not here.is_file() else here


def run(command: str, work: Callable[[], int]) -> int:
    """The exit code of `work`; an error is one line."""
    try:
        return work()
    except (EdgeHostError, OSError) as error:
        print(f"petiole {command}: {error}", file=sys.stderr)
        return 1


def table(rows: Sequence[Iterable[object]]) -> str:
    """Rows in columns, the first one as the head; `-` stands for nothing."""
    shown = [["-" if cell in (None, "") else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in shown)
    return "\n".join(lines)
