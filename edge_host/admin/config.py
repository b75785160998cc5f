"""`petiole agent config check FILE`: whether a configuration is right, without running anything."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from edge_host.admin.common import default_config, run
from edge_host.config import load


def main(arguments: list[str]) -> int:
    """Exit code 0 when the file is right, else 1 and one line with file and key."""
    parser = argparse.ArgumentParser(prog="petiole agent config", description="Looks through a configuration file.")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="whether every key is right")
    check.add_argument("file", type=Path, nargs="?", default=default_config())
    options = parser.parse_args(arguments)
    return run("agent config check", lambda: _check(options.file))


def _check(file: Path) -> int:
    config = load(file)
    print(
        f"{file} is right: {config.device} at {config.site}, {len(config.boards)} boards, {len(config.labels)} labels"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
