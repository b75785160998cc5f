"""`petiole device`: Devices of the fleet: give them an identity, list, show, ping and remove them."""

import time
from pathlib import Path
from typing import Annotated

import typer

from provisioning.api import Json, connect
from provisioning.commands.status import shown_state
from provisioning.console import FleetOption, JsonOption, print_fields, print_json, print_line, print_table
from provisioning.enroll_board import enroll_board
from provisioning.enroll_edge import enroll_edge, parse_boards
from provisioning.errors import DeviceError, InputError
from provisioning.moments import ago
from provisioning.smp_client import SmpClient

app = typer.Typer(
    help="Devices of the fleet: give them an identity, list, show, ping and remove them.", no_args_is_help=True
)

DeviceArgument = Annotated[str, typer.Argument(help="The device's name.")]


@app.command()
def enroll(
    device: Annotated[str, typer.Argument(help="Name that the device gets: a-z, 0-9 and '-'.")],
    *,
    site: Annotated[str, typer.Option(help="Site that the device belongs to.")],
    port: Annotated[str | None, typer.Option(help="A board: its serial port, or socket://HOST:PORT.")] = None,
    edge: Annotated[
        Path | None, typer.Option(metavar="DIR", help="This machine: folder for the agent's files.")
    ] = None,
    mqtt: Annotated[
        str | None, typer.Option(metavar="URL", help="With --edge: the site's broker, if not the fleet's.")
    ] = None,
    boards: Annotated[
        str | None, typer.Option(metavar="NAME=PORT,...", help="With --edge: the attached boards.")
    ] = None,
    baud: Annotated[int, typer.Option(min=300, help="With --port: speed of the serial port.")] = 115200,
    fleet: FleetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a device its identity and its trust anchors. The private key is made on the device and never leaves it.

    A board:  petiole device enroll an505-1 --site greenhouse --port /dev/ttyACM0

    This machine:  petiole device enroll edge-1 --site greenhouse --edge /var/lib/petiole --boards an505-1=/dev/ttyACM0

    Stop the agent while a board is enrolled: a serial port has one user at a time.
    """
    if (port is None) == (edge is None):
        raise InputError(
            "give --port for a board or --edge for this machine", next_step="see: petiole device enroll --help"
        )
    if edge is None and (mqtt or boards):
        raise InputError("--mqtt and --boards belong to --edge")
    with connect(fleet) as api:
        if edge is not None:
            answer = enroll_edge(api, edge, device, site, mqtt=mqtt, boards=parse_boards(boards))
        else:
            with SmpClient(port or "", baud=baud) as client:
                answer = enroll_board(api, client, device, site)
    if as_json:
        print_json(answer)
    elif edge is not None:
        print_line(f"{device} is enrolled at {site}. Start it with: petiole agent run --config {answer['config']}")
    else:
        print_line(f"{device} is enrolled at {site} and has proved its key {answer['public_key'][:16]}...")


@app.command("list")
def list_devices(fleet: FleetOption = None, as_json: JsonOption = False) -> None:
    """List the devices of the fleet."""
    with connect(fleet) as api:
        devices = api.devices()
    if as_json:
        print_json(devices)
        return
    print_table(
        ("Device", "Kind", "Site", "Status", "Last seen", "Workloads"),
        [
            (*(entry[key] for key in ("device", "kind", "site", "status")), ago(entry["last_seen"]), workloads(entry))
            for entry in devices
        ],
        empty="No device yet; give one an identity with: petiole device enroll NAME --site SITE --port PORT",
    )


@app.command()
def show(device: DeviceArgument, fleet: FleetOption = None, as_json: JsonOption = False) -> None:
    """Show one device: identity, facts, workloads, and what waits in its outbox."""
    with connect(fleet) as api:
        entry = api.device(device)
    if as_json:
        print_json(entry)
        return
    print_fields(
        [
            *((key.capitalize(), entry[key]) for key in ("device", "kind", "site", "status")),
            ("Last seen", ago(entry["last_seen"])),
            ("Public key", entry["public_key"]),
            ("Trusts", ", ".join(entry["anchors"] or ())),
            ("Class", entry["class_id"]),
            ("Profile", entry["profile"]),
            ("Revision", f"{entry['revision']['reported']} of {entry['revision']['desired']}"),
            ("Workloads", workloads(entry)),
            ("Desired", ", ".join(f"{item['name']} {item['version']}" for item in entry["desired"])),
            ("Outbox", ", ".join(f"{kind} {count}" for kind, count in entry["queue"].items() if kind != "oldest")),
            *((f"  {name}", value) for name, value in sorted(entry["facts"].items())),
        ]
    )


@app.command()
def ping(device: DeviceArgument, fleet: FleetOption = None, as_json: JsonOption = False) -> None:
    """Ask a device whether it is there, over the whole way: fleet, broker, edge host, and its answer back."""
    begun = time.monotonic()
    with connect(fleet) as api:
        answer = api.command(device, "ping")
    if not answer["ok"]:
        raise DeviceError(f"answered with an error: {answer['error']}", where=device)
    if as_json:
        print_json(answer)
        return
    print_line(f"{device} answered within {(time.monotonic() - begun) * 1000:.0f} ms")


@app.command()
def undeploy(
    device: DeviceArgument,
    workload: Annotated[str, typer.Argument(help="The workload to take away.")],
    fleet: FleetOption = None,
) -> None:
    """Take a workload from a device: it stops there, and its code is removed.

    Example: petiole device undeploy an505-1 thermometer
    """
    with connect(fleet) as api:
        api.remove_workload(device, workload)
    print_line(f"{workload} is no longer desired on {device}; watch it go with: petiole status {device}")


@app.command()
def remove(
    device: DeviceArgument,
    fleet: FleetOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a device from the fleet: its certificate is void from then on, and what it reported is deleted."""
    if not yes:
        typer.confirm(f"Remove {device} with everything it reported?", abort=True)
    with connect(fleet) as api:
        api.remove_device(device)
    print_line(f"{device} is removed.")


def workloads(entry: Json) -> str:
    """A device's workloads in one line."""
    return ", ".join(f"{item['name']} {item['version']} {shown_state(item)}" for item in entry["workloads"])
