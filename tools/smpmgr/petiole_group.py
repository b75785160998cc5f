"""Petiole's own management group (64) for smpmgr, the stock tool of MCUmgr devices.

    smpmgr --plugin-path=tools/smpmgr --port /dev/ttyACM0 petiole workloads

smpmgr loads this file; it needs nothing but what smpmgr brings. The group is described in docs/reference/formats.md,
section 8. Answers are shown as they come, so that a newer board's fields are seen too.
"""

import asyncio
import json
from typing import Annotated, Any, cast

import typer
from pydantic import ConfigDict
from rich import print as rich_print
from rich.table import Table
from smp import message
from smpmgr.common import Options, connect_with_spinner, get_smpclient, smp_request

GROUP = 64
FACTS, ACTIVATE, CONFIRM, WORKLOADS, REMOVE, RESTART = 0, 5, 6, 7, 8, 14

REFUSALS = (
    "internal",
    "malformed",
    "unsigned",
    "unknown-key",
    "bad-signature",
    "digest-mismatch",
    "wrong-vendor",
    "wrong-class",
    "old-sequence",
    "unsupported",
    "no-space",
    "wrong-state",
    "not-enrolled",
    "already-enrolled",
    "not-granted",
    "no-such-label",
    "incompatible",
    "busy",
    "no-such-workload",
    "over-limit",
    "flash",
)
"""Names of the error codes, from 1 on."""

COLUMNS = ("name", "version", "state", "previous", "calls", "off", "size", "reason")

app = typer.Typer(name="petiole", help=f"Petiole's workloads ({GROUP}).", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name of the workload.")]


class ReadAnswer(message.ReadResponse):
    """Any answer to a read, refusals too."""

    model_config = ConfigDict(extra="allow", frozen=True)
    _GROUP_ID = GROUP


class WriteAnswer(message.WriteResponse):
    """Any answer to a write, refusals too."""

    model_config = ConfigDict(extra="allow", frozen=True)
    _GROUP_ID = GROUP


def request(command: int, *, write: bool, **fields: Any) -> Any:
    """A request of the group, in the shape of smpclient's own."""
    base: Any = message.WriteRequest if write else message.ReadRequest

    class GroupRequest(base):
        model_config = ConfigDict(extra="allow", frozen=True)
        _GROUP_ID = GROUP
        _COMMAND_ID = command
        _Response = WriteAnswer if write else ReadAnswer

    return GroupRequest(**fields)


def ask(ctx: typer.Context, command: int, *, write: bool = False, **fields: Any) -> dict[str, Any]:
    """The board's answer; ends the program with the refusal's name when it refuses."""

    async def exchange() -> Any:
        client = get_smpclient(cast(Options, ctx.obj))
        await connect_with_spinner(client)
        return await smp_request(client, request(command, write=write, **fields), "Asking the board")

    answer: dict[str, Any] = asyncio.run(exchange()).model_extra
    code = answer["err"]["rc"] if "err" in answer else answer.get("rc", 0)
    if code:
        name = REFUSALS[code - 1] if code <= len(REFUSALS) else f"error {code}"
        reason = str(answer.get("rsn") or name)
        typer.echo(reason if reason.startswith(name) else f"{name}: {reason}", err=True)
        raise typer.Exit(code=1)
    return answer


@app.command()
def facts(ctx: typer.Context) -> None:
    """Show what the board is, as JSON."""
    typer.echo(json.dumps(ask(ctx, FACTS), indent=2, default=bytes.hex))


@app.command()
def workloads(
    ctx: typer.Context, *, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """List the workloads on the board."""
    rows = ask(ctx, WORKLOADS)["workloads"]
    if as_json:
        typer.echo(json.dumps(rows, indent=2, default=bytes.hex))
        return
    table = Table(*COLUMNS)
    for row in rows:
        table.add_row(*("" if row.get(column) is None else str(row[column]) for column in COLUMNS))
    rich_print(table)


@app.command()
def activate(ctx: typer.Context, name: Name) -> None:
    """Let a staged release run on probation."""
    typer.echo(ask(ctx, ACTIVATE, write=True, name=name)["state"])


@app.command()
def confirm(
    ctx: typer.Context, name: Name, sequence: Annotated[int, typer.Argument(help="The release's sequence number.")]
) -> None:
    """Confirm a release that runs on probation."""
    typer.echo(ask(ctx, CONFIRM, write=True, name=name, seq=sequence)["state"])


@app.command()
def restart(ctx: typer.Context, name: Name) -> None:
    """Stop and start a workload; ends the state `failed`."""
    typer.echo(ask(ctx, RESTART, write=True, name=name)["state"])


@app.command()
def remove(ctx: typer.Context, name: Name) -> None:
    """Remove a workload."""
    ask(ctx, REMOVE, write=True, name=name)
    typer.echo(f"removed {name}")
