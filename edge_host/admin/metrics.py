"""`petiole agent metrics`: Prometheus text, for a collector that reads files or runs commands."""

from __future__ import annotations

import argparse
import sys

from edge_host.admin.ask import add_options, ask
from edge_host.admin.common import run


def main(arguments: list[str]) -> int:
    """Print the metrics; exit code 1 when no agent answers."""
    parser = argparse.ArgumentParser(
        prog="petiole agent metrics", description="Prometheus metrics of the agent of this machine."
    )
    add_options(parser)
    options = parser.parse_args(arguments)
    return run("agent metrics", lambda: _show(options))


def _show(options: argparse.Namespace) -> int:
    sys.stdout.write(ask("metrics", options))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
