"""``python -m edge_host --config agent.toml``: the agent, in the foreground, until SIGTERM or SIGINT.

Exit codes: 0 stopped, 1 cannot run (one line says why and what to do), 2 wrong arguments.
"""

from __future__ import annotations

from edge_host.postponed import postpone_openssl

postpone_openssl()

import asyncio  # noqa: E402
import logging  # noqa: E402
import sys  # noqa: E402
from dataclasses import dataclass, replace  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import NoReturn  # noqa: E402

from edge_host.agent import Agent  # noqa: E402
from edge_host.artifacts import private_folder  # noqa: E402
from edge_host.config import Config, load  # noqa: E402
from edge_host.errors import EdgeHostError  # noqa: E402
from edge_host.lean import limit_heaps  # noqa: E402
from edge_host.lock import Lock, lock_port, lock_state  # noqa: E402

HELP = """usage: petiole agent run [--config FILE] [--manifests DIR] [--verbose]
Runs WebAssembly workloads on this machine and on its boards.
  --config FILE    the agent's TOML file, as enrollment wrote it (agent.toml here, else /etc/petiole/agent.toml)
  --manifests DIR  run the bundles in this folder too, without any fleet if need be
  --verbose        log details"""


def main(arguments: list[str] | None = None) -> int:
    """Run the agent with these command line arguments."""
    options = _options(sys.argv[1:] if arguments is None else arguments)
    limit_heaps()
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    try:
        config = load(options.config)
        if options.manifests is not None:
            config = replace(config, manifests=options.manifests.absolute())
        locks = _lock(config)
        asyncio.run(_run(config))
        for lock in locks:
            lock.release()
    except (EdgeHostError, OSError) as error:
        print(f"edge_host: {error}", file=sys.stderr)
        return 1
    return 0


@dataclass(frozen=True)
class _Options:
    config: Path
    manifests: Path | None
    verbose: bool


def _options(arguments: list[str]) -> _Options:
    """Read the command line; `argparse` would be the largest module of an agent that has few options."""
    given_values: dict[str, str] = {}
    verbose = False
    left = list(arguments)
    while left:
        name, given, value = left.pop(0).partition("=")
        if name in ("-h", "--help"):
            print(HELP)
            raise SystemExit(0)
        if name == "--verbose" and not given:
            verbose = True
        elif name in ("--config", "--manifests") and (given or left):
            given_values[name] = value if given else left.pop(0)
        else:
            _misused(f"unknown or incomplete: {name}")
    if not given_values.get("--config"):
        _misused("--config FILE is missing")
    manifests = given_values.get("--manifests")
    return _Options(Path(given_values["--config"]), Path(manifests) if manifests else None, verbose)


def _misused(problem: str) -> NoReturn:
    print(f"{HELP.splitlines()[0]}\nedge_host: {problem}", file=sys.stderr)
    raise SystemExit(2)


def _lock(config: Config) -> list[Lock]:
    private_folder(config.state)
    ports = [board.port for board in config.boards if board.port is not None]
    return [lock_state(config.state, config.owner), *(lock_port(port, config.owner) for port in ports)]


async def _run(config: Config) -> None:
    await Agent(config).run()


if __name__ == "__main__":
    raise SystemExit(main())
