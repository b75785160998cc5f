"""`petiole emulate`: Run a board in QEMU, and set what its emulated sensors sense."""

import contextlib
import signal
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from hil.emulator import Emulator
from hil.errors import EmulatorError
from hil.qmp import Qmp
from hil.sensors import TMP105, get_value, set_value
from hil.tap import SerialTap
from provisioning import boards
from provisioning.console import print_line


class DefaultRun(TyperGroup):
    """`emulate BOARD ...` is short for `emulate run BOARD ...`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `run` before a first word that is no subcommand."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=DefaultRun, help="Run a board in QEMU.", no_args_is_help=True)

QmpOption = Annotated[Path, typer.Option(metavar="SOCKET", help="Control socket of the emulator.")]


@app.command()
def run(
    board: Annotated[str, typer.Argument(help="The board, see `petiole board list`.")],
    *,
    folder: Annotated[Path, typer.Option("--dir", help="The device's folder, filled by `petiole board flash`.")],
    serial_port: Annotated[
        int, typer.Option(min=0, max=65535, help="TCP port of the serial line; 0 picks a free one.")
    ] = 0,
    qmp: Annotated[
        Path | None, typer.Option(metavar="SOCKET", help="Control socket; default: qmp.sock in the folder.")
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(help="Keep the serial line's traffic here, with times. The line then gets another port."),
    ] = None,
) -> None:
    """Run a board in QEMU until Ctrl-C, SIGTERM, or its own end. The folder keeps its flash: start again to go on.

    Example: petiole emulate qemu-an505 --dir .cache/devices/an505-1 --serial-port 5001
    """
    signal.signal(signal.SIGTERM, stop_on_signal)
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as stack:
        emulator = stack.enter_context(
            Emulator(boards.load(board), folder, serial_port=serial_port, qmp=qmp or folder / "qmp.sock")
        )
        port = emulator.port
        if log is not None:
            port = stack.enter_context(SerialTap(emulator.serial_port, log.with_suffix(".raw"), log)).port
        print_line(f"{board} runs; serial line {port}, control socket {emulator.qmp}")
        code = emulator.wait()
        raise EmulatorError(f"QEMU ended with code {code}", where=board, next_step=f"see {folder / 'qemu.log'}")


@app.command()
def sensor(
    *,
    qmp: QmpOption,
    celsius: Annotated[
        float | None, typer.Option(min=-128, max=127, help="New temperature of the TMP105; shows it when left out.")
    ] = None,
) -> None:
    """Set or show what the emulated temperature sensor senses, while the firmware runs.

    Example: petiole emulate sensor --qmp .cache/devices/an505-1/qmp.sock --celsius 31.5
    """
    with Qmp(qmp) as control:
        if celsius is not None:
            set_value(control, TMP105, celsius)
        print_line(f"{get_value(control, TMP105):.3f} °C")


def stop_on_signal(number: int, _frame: FrameType | None) -> None:
    """Turns SIGTERM into an orderly end, so that QEMU ends too."""
    raise KeyboardInterrupt(number)
