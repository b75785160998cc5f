"""Flashed device folders to copy from: each board's firmware is built once, however many tests use it."""

from pathlib import Path

from hil.board import place_images
from provisioning import firmware
from provisioning.boards import Board


class Images:
    """Builds and keeps one flashed folder a board below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Path] = {}

    def place(self, board: Board, folder: Path) -> None:
        """Fill a device's folder with fresh images. Raises ToolError when the firmware cannot be built."""
        if board.name not in self._made:
            source = self._folder / board.name
            firmware.flash(board, source)
            self._made[board.name] = source
        place_images(self._made[board.name], folder)
