"""The board host for a board: built by PlatformIO, and written to the board, or to an emulated one's flash image."""

from dataclasses import dataclass
from pathlib import Path

from provisioning import platformio
from provisioning.boards import Board
from provisioning.errors import ToolError
from provisioning.platformio import Line

DEVICE_DIR = "PETIOLE_DEVICE_DIR"
"""Tells the platform's upload where the folder of an emulated device is."""


@dataclass(frozen=True)
class Built:
    """What a build gives: bytes of flash and RAM that the image uses, and how many there are."""

    board: str
    flash: int
    flash_max: int
    ram: int
    ram_max: int


def build(board: Board, line: Line = lambda _text: None) -> Built:
    """Build the board host. Raises ToolError with the compiler's words when it does not compile or does not fit."""
    sizes = platformio.sizes(platformio.run(["run", "-e", board.name], line=line))
    if not {"flash", "ram"} <= sizes.keys():
        raise ToolError("PlatformIO printed no sizes", where=board.name)
    return Built(board.name, sizes["flash"], sizes["flash_max"], sizes["ram"], sizes["ram_max"])


def flash(board: Board, folder: Path | None = None, line: Line = lambda _text: None) -> None:
    """Write the board host; builds it before when it is out of date.

    For an emulated board `folder` gets `firmware.img`, and an erased `data.img` if there is none: data stays.
    """
    extra = {DEVICE_DIR: str(folder.absolute())} if folder else {}
    platformio.run(["run", "-e", board.name, "-t", "upload"], extra=extra, line=line)
