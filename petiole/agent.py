"""`petiole agent`: The agent of an edge host: run it, install it, ask it, look for what is wrong."""

import typer

from petiole.agent_commands import main

app = typer.Typer()


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
)
def agent(ctx: typer.Context) -> None:
    """The agent of an edge host (see `petiole.agent_commands`, which needs none of the command's libraries)."""
    raise typer.Exit(main(ctx.args))
