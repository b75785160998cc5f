"""`petiole restart`: Stop and start a workload on a device."""

from typing import Annotated

import typer

from provisioning.api import connect
from provisioning.console import FleetOption, print_line
from provisioning.errors import DeviceError

app = typer.Typer(help="Stop and start a workload on a device.")


@app.command()
def restart(
    device: Annotated[str, typer.Argument(help="The device.")],
    workload: Annotated[str, typer.Argument(help="The workload.")],
    *,
    fleet: FleetOption = None,
) -> None:
    """Stop and start a workload on a device; one that had failed is tried again.

    Example: petiole restart an505-1 thermometer
    """
    with connect(fleet) as api:
        answer = api.command(device, "restart", {"workload": workload})
    if not answer["ok"]:
        raise DeviceError(f"{workload} was not restarted: {answer['error']}", where=device)
    print_line(f"{workload} was started anew on {device}")
