"""`petiole logs`: What happened on a device: log lines, changes of state, stops, refusals."""

from typing import Annotated

import typer

from provisioning import post_mortems
from provisioning.api import Json, connect
from provisioning.console import AfterOption, FleetOption, FollowOption, JsonOption, LimitOption
from provisioning.following import show
from provisioning.moments import clock

app = typer.Typer(help="What happened on a device.")


@app.command()
def logs(
    device: Annotated[str, typer.Argument(help="The device.")],
    *,
    workload: Annotated[str | None, typer.Option(help="Only events of this workload.")] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="One kind only: log, state, stop, refused, limit, boot, link, dropped, message."),
    ] = None,
    after: AfterOption = None,
    limit: LimitOption = 50,
    following: FollowOption = False,
    fleet: FleetOption = None,
    as_json: JsonOption = False,
) -> None:
    """What happened on a device: log lines of its workloads, changes of state, stops, refusals; oldest first.

    Example: petiole logs an505-1 --workload thermometer -f

    A stop says in which function and source line it happened when the release was built on this machine.
    """
    with connect(fleet) as api:
        show(
            lambda after, limit: api.events(device, workload=workload, kind=kind, after=after, limit=limit),
            line,
            after=after,
            limit=limit,
            following=following,
            as_json=as_json,
            empty=f"No such event of {device} is stored yet.",
        )


def line(row: Json) -> str:
    """One event as a line of text."""
    source = " ".join(part for part in (row["workload"], row["version"]) if part)
    context = f"[{row['context']}]" if row["context"] else None
    stop = post_mortems.told(row["stop"]) if row["stop"] else None
    words = " ".join(
        word for word in (row["level"], context, row["state"], row["reason"], row["message"], stop) if word
    )
    return f"{clock(row['time'])}  {row['kind']:<7} {source:<20} {words}"
