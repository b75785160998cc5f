"""`petiole telemetry`: What a device measured, as the fleet has stored it."""

from typing import Annotated

import typer

from provisioning.api import Json, connect
from provisioning.console import AfterOption, FleetOption, FollowOption, JsonOption, LimitOption
from provisioning.following import show
from provisioning.moments import clock

app = typer.Typer(help="What a device measured.")


@app.command()
def telemetry(
    device: Annotated[str, typer.Argument(help="The device.")],
    *,
    name: Annotated[str | None, typer.Option(help="Only this measurement, for example temperature.")] = None,
    workload: Annotated[str | None, typer.Option(help="Only measurements of this workload.")] = None,
    after: AfterOption = None,
    limit: LimitOption = 50,
    following: FollowOption = False,
    fleet: FleetOption = None,
    as_json: JsonOption = False,
) -> None:
    """What a device measured, as the fleet has stored it, oldest first. Units are those of SenML (Cel, K, %RH, ...).

    Example: petiole telemetry an505-1 --name temperature -f
    """
    with connect(fleet) as api:
        show(
            lambda after, limit: api.telemetry(device, name=name, workload=workload, after=after, limit=limit),
            line,
            after=after,
            limit=limit,
            following=following,
            as_json=as_json,
            empty=f"No such measurement of {device} is stored yet.",
        )


def line(row: Json) -> str:
    """One measurement as a line of text."""
    return f"{clock(row['time'])}  {row['workload']}/{row['name']}  {row['value']} {row['unit'] or ''}"
