"""How the commands talk: results on stdout (tables, or JSON with `--json`), notes and errors on stderr."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]
FleetOption = Annotated[
    str | None,
    typer.Option(
        "--fleet",
        metavar="URL",
        help="Address of the fleet.",
        envvar="PETIOLE_FLEET",
        show_default="http://127.0.0.1:8765",
    ),
]
AfterOption = Annotated[int | None, typer.Option(metavar="ID", help="Only rows with an id above this one.")]
LimitOption = Annotated[
    int, typer.Option(min=1, help="At most so many rows: the newest, or the first ones after --after.")
]
FollowOption = Annotated[
    bool, typer.Option("--follow", "-f", help="Go on with new rows until Ctrl-C; with --json one line of JSON each.")
]

NOTE = "note: "
"""How a line on stderr begins that tells of something worth a look, where nothing is wrong."""
PIPE_WIDTH = 1000
"""Characters a line may have that no terminal shows: tables in pipes are not folded."""

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print `value` as one indented JSON document on stdout."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_json_line(value: Any) -> None:
    """Print `value` as one line of JSON, for endless output (`--follow`)."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_line(text: str) -> None:
    """Print one line on stdout at once, so that a pipe sees it too."""
    out.print(text, markup=False)
    sys.stdout.flush()


def print_note(text: str) -> None:
    """Print one line for people on stderr."""
    err.print(text, markup=False)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print a table on stdout, or the sentence `empty` when there is no row. A cell that is None shows as a dash."""
    shown = list(rows)
    if not shown:
        print_note(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in shown:
        table.add_row(*("-" if cell is None or cell == "" else escape(str(cell)) for cell in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)


def print_fields(fields: Iterable[tuple[str, object]]) -> None:
    """Print names and values below each other on stdout."""
    shown = [(name, "-" if value is None or value == "" else str(value)) for name, value in fields]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        out.print(f"[bold]{name:<{width}}[/]  ", end="")
        out.print(value, markup=False)
