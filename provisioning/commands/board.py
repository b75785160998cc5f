"""`petiole board`: Boards: list and show them, build and flash the board host, watch the serial line."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.markup import escape

from provisioning import boards, firmware, platformio
from provisioning.console import JsonOption, err, print_fields, print_json, print_line, print_table
from provisioning.errors import BoardFileError
from provisioning.platformio import Line

T = TypeVar("T")

app = typer.Typer(
    help="Boards: list and show them, build and flash the board host, watch the serial line.", no_args_is_help=True
)


def complete_board(incomplete: str) -> list[str]:
    """Names of boards for the shell's completion."""
    return [name for name in boards.names() if name.startswith(incomplete)]


BoardArgument = Annotated[
    str, typer.Argument(help="The board, see `petiole board list`.", autocompletion=complete_board)
]
DeviceDirOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of an emulated device; default: .cache/devices/BOARD in the checkout."),
]


@app.command("list")
def list_boards(as_json: JsonOption = False) -> None:
    """List the boards that this checkout knows."""
    known = [boards.load(name) for name in boards.names()]
    if as_json:
        print_json([board.model_dump() for board in known])
        return
    print_table(
        ("Board", "Kind", "Core", "RAM", "Data flash", "Workloads", "Labels"),
        [
            (
                board.name,
                board.kind,
                board.chip.core,
                kib(board.memory.ram),
                kib(board.flash.size),
                f"{board.workloads.count} of {kib(board.workloads.slot)}",
                ", ".join(board.labels),
            )
            for board in known
        ],
        empty="No board is described in boards/.",
    )


@app.command()
def show(board: BoardArgument, as_json: JsonOption = False) -> None:
    """Show one board: chip, memory, flash layout, labels."""
    found = boards.load(board)
    if as_json:
        print_json(found.model_dump())
        return
    regions = sorted(found.flash.regions.items(), key=lambda item: item[1].offset)
    print_fields(
        [
            ("Board", f"{found.name}: {found.title}"),
            ("Kind", found.kind),
            ("Chip", f"{found.chip.name}, {found.chip.core}, {found.chip.frequency_hz / 1e6:g} MHz"),
            ("Target", found.target),
            ("RAM", f"{kib(found.memory.ram)} at {found.memory.base:#010x}, heap {kib(found.memory.heap)}"),
            ("Firmware", f"at {found.firmware.base:#010x}, at most {kib(found.firmware.max_flash)}"),
            ("Data flash", f"{kib(found.flash.size)} at {found.flash.base:#010x}, erased by {kib(found.flash.erase)}"),
            *((f"  {name}", f"{kib(region.size)} at +{region.offset:#x}") for name, region in regions),
            ("Workloads", f"{found.workloads.count}, each with two slots of {kib(found.workloads.slot)}"),
            *((f"  {label}", interface) for label, interface in found.labels.items()),
        ]
    )


@app.command()
def lint() -> None:
    """Check every file in boards/; says all mistakes, and ends with code 2 if there is one."""
    mistakes = []
    for name in boards.names():
        try:
            boards.load(name)
        except BoardFileError as error:
            mistakes.append(str(error))
    if mistakes:
        raise BoardFileError("\n".join(mistakes))
    print_line(f"{len(boards.names())} board files are well.")


@app.command()
def build(
    board: BoardArgument,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show what PlatformIO and cargo say.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Build the board host with PlatformIO and show the flash and RAM it uses.

    Example: petiole board build qemu-an505

    The same as `pio run -e qemu-an505` in firmware/, which works as well.
    """
    built = run_shown(
        f"Building the board host for {board}", verbose, lambda line: firmware.build(boards.load(board), line)
    )
    if as_json:
        print_json(asdict(built))
        return
    print_fields(
        [
            ("Flash", f"{kib(built.flash)} of {kib(built.flash_max)} ({built.flash / built.flash_max:.0%})"),
            ("RAM", f"{kib(built.ram)} of {kib(built.ram_max)} ({built.ram / built.ram_max:.0%})"),
        ]
    )


@app.command()
def flash(
    board: BoardArgument,
    device_dir: DeviceDirOption = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show what PlatformIO and cargo say.")] = False,
) -> None:
    """Write the board host to a board. Its data (identity, workloads) stays.

    Example: petiole board flash qemu-an505 --device-dir .cache/devices/an505-1
    """
    found = boards.load(board)
    run_shown(f"Flashing {board}", verbose, lambda line: firmware.flash(found, device_dir, line))
    print_line(f"{board} is flashed" + (f" into {device_dir}" if device_dir else ""))


@app.command()
def monitor(
    board: BoardArgument,
    port: Annotated[str | None, typer.Option(help="Serial port, or socket://HOST:PORT.")] = None,
) -> None:
    """Watch a board's serial line with PlatformIO's monitor; Ctrl-C ends it. Stop the agent first.

    Example: petiole board monitor qemu-an505 --port socket://127.0.0.1:5001
    """
    found = boards.load(board)
    platformio.replace_process(["device", "monitor", "-e", found.name, *(["--port", port] if port else [])])


def run_shown(title: str, verbose: bool, work: Callable[[Line], T]) -> T:
    """Run `work` with a spinner, or with all its lines on stderr when `verbose`."""
    if verbose:
        return work(lambda text: err.print(text, markup=False))
    with err.status(title) as status:
        return work(lambda text: status.update(f"{title}  [dim]{escape(text.strip()[:60])}[/]"))


def kib(size: int) -> str:
    """Bytes as people read them."""
    return f"{size / 1024:.0f} KiB" if size >= 1024 else f"{size} B"
