"""`petiole status`: What the fleet runs: every device with its workloads."""

from typing import Annotated, Any

import typer

from provisioning.api import Json, connect
from provisioning.console import FleetOption, JsonOption, print_json, print_table
from provisioning.moments import ago

app = typer.Typer(help="What the fleet runs.")

COLUMNS = ("Device", "Site", "Status", "Last seen", "Workload", "Version", "State", "Reason", "Queue")


@app.command()
def status(
    device: Annotated[str | None, typer.Argument(help="One device; all of them when left out.")] = None,
    *,
    fleet: FleetOption = None,
    as_json: JsonOption = False,
) -> None:
    """What the fleet runs: one row for each workload of each device.

    Example: petiole status an505-1

    Without the fleet, this machine's own agent: petiole status --local

    Queue counts the records that wait in the device's outbox for the fleet.
    """
    with connect(fleet) as api:
        devices = [api.device(device)] if device else api.devices()
    if as_json:
        print_json(devices[0] if device else devices)
        return
    print_table(
        COLUMNS,
        [row for entry in devices for row in rows(entry)],
        empty="No device yet; give one an identity with: petiole device enroll NAME --site SITE --port PORT",
    )


def rows(device: Json) -> list[tuple[Any, ...]]:
    """Rows of one device: one for each workload, one without when it has none."""
    queue = device["queue"] or {}
    head = (device["device"], device["site"], device["status"], ago(device["last_seen"]))
    tail = (sum(count for kind in ("telemetry", "event") if isinstance(count := queue.get(kind), int)),)
    return [
        (*head, entry["name"], entry["version"], shown_state(entry), entry["reason"], *tail)
        for entry in device["workloads"]
    ] or [(*head, None, None, None, None, *tail)]


def shown_state(entry: Json) -> str:
    """A workload's state, with the transfer's progress and the version that runs meanwhile."""
    text = str(entry["state"])
    if text == "downloading":
        text += f" {entry['offset']}/{entry['size']}"
    return f"{text} ({entry['previous']} runs)" if entry["previous"] else text
