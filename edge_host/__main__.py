"""``python -m edge_host --config agent.toml``: the agent, in the foreground, until SIGTERM or SIGINT.

Exit codes: 0 stopped, 1 cannot run (one line says why and what to do), 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from edge_host.agent import Agent
from edge_host.artifacts import private_folder
from edge_host.config import Config, load
from edge_host.errors import EdgeHostError
from edge_host.lock import Lock, lock_port, lock_state


def main(arguments: list[str] | None = None) -> int:
    """Run the agent with these command line arguments."""
    parser = argparse.ArgumentParser(
        prog="edge_host", description="Runs WebAssembly workloads on this machine and on its boards."
    )
    parser.add_argument("--config", type=Path, required=True, help="the agent's TOML file, as enrollment wrote it")
    parser.add_argument("--verbose", action="store_true", help="log details")
    options = parser.parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    try:
        config = load(options.config)
        locks = _lock(config)
        asyncio.run(_run(config))
        for lock in locks:
            lock.release()
    except (EdgeHostError, OSError) as error:
        print(f"edge_host: {error}", file=sys.stderr)
        return 1
    return 0


def _lock(config: Config) -> list[Lock]:
    owner = f"petiole agent {config.device}, {config.file}"
    private_folder(config.state)
    return [lock_state(config.state, owner), *(lock_port(board.port, owner) for board in config.boards)]


async def _run(config: Config) -> None:
    await Agent(config).run()


if __name__ == "__main__":
    raise SystemExit(main())
