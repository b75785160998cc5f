"""`petiole release`: The releases that the fleet keeps."""

from typing import Annotated

import typer

from provisioning.api import connect
from provisioning.console import FleetOption, JsonOption, print_fields, print_json, print_table
from provisioning.errors import InputError

app = typer.Typer(help="The releases that the fleet keeps.", no_args_is_help=True)

SHORT = 12
COLUMNS = ("release", "workload", "version", "sequence", "size")


@app.command("list")
def list_releases(*, fleet: FleetOption = None, as_json: JsonOption = False) -> None:
    """List every release, with its workload, version and sequence number."""
    with connect(fleet) as api:
        releases = api.releases()
    if as_json:
        print_json(releases)
        return
    print_table(
        [column.capitalize() for column in COLUMNS],
        [[entry["release"][:SHORT], *(entry[column] for column in COLUMNS[1:])] for entry in releases],
        empty="No release yet; make one with: petiole deploy",
    )


@app.command()
def show(
    release: Annotated[str, typer.Argument(help="The release: its digest, or the first digits of it.")],
    *,
    fleet: FleetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one release."""
    with connect(fleet) as api:
        found = [entry for entry in api.releases() if entry["release"].startswith(release)]
    if len(found) != 1:
        raise InputError(
            f"{len(found)} releases begin with {release!r}", next_step="see `petiole release list`, give more digits"
        )
    if as_json:
        print_json(found[0])
    else:
        print_fields(found[0].items())
