"""`petiole agent`: The agent of an edge host, in this process's place."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The agent of an edge host.")


@app.callback()
def agent() -> None:
    """The agent of an edge host: runs workloads here, looks after attached boards, and talks to the fleet."""


@app.command()
def run(
    config: Annotated[
        Path, typer.Option(help="The agent's file, as written by `petiole device enroll --edge`.")
    ] = Path("agent.toml"),
) -> None:
    """Run the agent in the foreground until SIGTERM.

    This process is replaced by `python -m edge_host`, so that none of the command's libraries stay in its memory.
    Example: petiole agent run --config /var/lib/petiole/agent.toml
    """
    if not config.is_file():
        raise typer.BadParameter(
            f"{config} does not exist; make it with: petiole device enroll NAME --site SITE --edge {config.parent}"
        )
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "edge_host", "--config", str(config)])  # noqa: S606
