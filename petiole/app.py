"""The `petiole` command: its subcommands are the entry points of the group `petiole.commands`."""

from importlib.metadata import version
from typing import Annotated

import typer

from petiole.lazy import LazyGroup

EPILOG = """
**A first walk**

`petiole board build qemu-an505` builds the board host, `petiole keys new release` a signing key.

`petiole device enroll an505-1 --site greenhouse --port socket://127.0.0.1:5001` gives a board its identity.

`petiole deploy examples/thermometer/workload.yaml --device an505-1 --key release.key --wait` ships a workload to it.
"""

app = typer.Typer(
    cls=LazyGroup,
    help="Ship signed WebAssembly components to boards and small Linux hosts, and bring their telemetry back.",
    epilog=EPILOG,
    rich_markup_mode="markdown",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def print_version(wanted: bool) -> None:
    """Print the installed version and end."""
    if wanted:
        typer.echo(f"petiole {version('petiole')}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Ship signed WebAssembly components to boards and small Linux hosts, and bring their telemetry back."""
