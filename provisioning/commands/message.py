"""`petiole message`: Messages to and from the guests of a device."""

from typing import Annotated

import typer

from provisioning.api import Json, connect
from provisioning.console import AfterOption, FleetOption, FollowOption, JsonOption, LimitOption, print_line
from provisioning.errors import InputError
from provisioning.following import show
from provisioning.moments import clock
from wire.errors import MalformedError
from wire.messages import GuestMessage

app = typer.Typer(help="Messages to and from the guests of a device.", no_args_is_help=True)

DeviceArgument = Annotated[str, typer.Argument(help="The device.")]


@app.command()
def send(
    device: DeviceArgument,
    subject: Annotated[str, typer.Argument(help="Tokens parted by dots, for example greenhouse.vent")],
    text: Annotated[str, typer.Argument(help="The data, as text.")] = "",
    *,
    data: Annotated[str | None, typer.Option("--hex", help="The data, in hex; in place of text.")] = None,
    reply: Annotated[str | None, typer.Option(help="Subject to which an answer shall go.")] = None,
    fleet: FleetOption = None,
) -> None:
    """Send a message to the guests of a device whose triggers fit. It is not kept: who does not listen misses it.

    Example: petiole message send an505-1 greenhouse.vent open
    """
    if data is not None and text:
        raise InputError("give the data as text or with --hex, not both")
    try:
        message = GuestMessage(subject, text.encode() if data is None else bytes.fromhex(data), reply)
    except MalformedError as error:
        raise InputError(str(error)) from error
    except ValueError as error:
        raise InputError(f"--hex is not hex: {error}") from error
    with connect(fleet) as api:
        api.send_message(device, message)
    print_line(f"{subject} went to {device}")


@app.command("list")
def list_messages(
    device: DeviceArgument,
    *,
    after: AfterOption = None,
    limit: LimitOption = 50,
    following: FollowOption = False,
    fleet: FleetOption = None,
    as_json: JsonOption = False,
) -> None:
    """What the guests of a device sent to the fleet, oldest first. Data that is no text is shown in hex.

    Example: petiole message list an505-1 -f
    """
    with connect(fleet) as api:
        show(
            lambda after, limit: api.events(device, kind="message", after=after, limit=limit),
            line,
            after=after,
            limit=limit,
            following=following,
            as_json=as_json,
            empty=f"No message of {device} is stored yet.",
        )


def line(row: Json) -> str:
    """One message as a line of text."""
    return f"{clock(row['time'])}  {row['context']}  {row['message'] or ''}"
