"""Subcommands that are imported when they run: `petiole --help` is quick, a missing extra hurts only its own command.

A subcommand is an entry point of the group `petiole.commands` that names a `typer.Typer`. Its line in `petiole --help`
is the first line of its module's docstring, read from the source without importing it. Any exception with an integer
`exit_code` attribute is meant for people: its text goes to stderr and the code becomes the process's exit code. So does
an error of the system that names a file, with code 1.
"""

import ast
import errno
import os
import re
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

GROUP = "petiole.commands"
EXTRAS = {"fleet": "fleet", "hil": "hil"}
COMPLETION_OPTIONS = ("install_completion", "show_completion")


class LazyCommand(TyperCommand):
    """Stands for one entry point until it is used."""

    def __init__(self, point: EntryPoint) -> None:
        super().__init__(name=point.name, help=first_line(point.module))
        self.point = point

    def load(self) -> Any:
        """Import the real command; ends with one clear line when its package or a library of it is not installed."""
        try:
            real = typer.main.get_command(self.point.load())
        except ImportError as error:
            extra = EXTRAS.get(self.point.module.partition(".")[0], "cli")
            say(f"`petiole {self.name}` cannot start: {error}\n  install what it needs: pip install 'petiole[{extra}]'")
            raise typer.Exit(1) from error
        real.name = self.name
        real.params = [param for param in real.params if param.name not in COMPLETION_OPTIONS]
        return real

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """The context of the real command: running and completing go through it."""
        return self.load().make_context(*args, **kwargs)


class LazyGroup(TyperGroup):
    """The root command."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
            self.add_command(LazyCommand(point))

    def invoke(self, ctx: Any) -> Any:
        """Run a subcommand; errors meant for people become one message and an exit code."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            if isinstance(error, OSError) and error.filename is not None:
                say(f"{os.fsdecode(error.filename)}: {error.strerror}\n  {_advice(error)}")
                raise typer.Exit(1) from error
            code = getattr(error, "exit_code", None)
            if not isinstance(code, int) or isinstance(error, typer.Exit | typer.TyperException):
                raise
            say(str(error))
            raise typer.Exit(code) from error


def _advice(error: OSError) -> str:
    """What to do about an error of the system at a file."""
    if isinstance(error, PermissionError):
        return "this user may not do that there: name another place, or run the command with sudo"
    if error.errno == errno.ENOSPC:
        return "the disk is full: make room, then run the command again"
    return "is the path right, and is it of the kind that the command expects?"


def say(text: str) -> None:
    """Print an error to stderr, its head in red."""
    head, *rest = text.split("\n", 1)
    typer.echo(typer.style("error: ", fg=typer.colors.RED, bold=True) + head, err=True)
    for line in rest:
        typer.echo(line, err=True)


def first_line(module: str) -> str:
    """First line of a module's docstring, without importing the module and without a leading "`petiole x`: "."""
    try:
        spec = find_spec(module)
    except ImportError:
        return "(not installed)"
    if spec is None or spec.origin is None:
        return "(not installed)"
    text = ast.get_docstring(ast.parse(Path(spec.origin).read_text())) or ""
    line = re.sub(r"^`petiole [^`]*`: ", "", text.partition("\n")[0])
    return line[:1].upper() + line[1:]
