"""The flash images of an emulated device: `firmware.img`, replaced by each upload, and `data.img`, which is kept."""

import os
import tempfile
from pathlib import Path
from typing import Any

from elf import Elf

FIRMWARE_IMAGE = "firmware.img"
DATA_IMAGE = "data.img"


def upload(board: dict[str, Any], elf: Elf, folder: Path) -> Path:
    """Puts the firmware into a device's folder, creating the folder and an erased data flash where there is none.

    A data flash made for a smaller one is made longer by erased flash; what it holds stays. Returns the
    firmware's image. Raises ElfError when the firmware does not lie in the board's flash, OSError when the folder
    cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data, flash = folder / DATA_IMAGE, board["flash"]
    present = data.read_bytes() if data.exists() else b""
    if len(present) < flash["size"]:
        _write(data, present.ljust(flash["size"], b"\xff"), flash.get("image", 0))
    firmware = folder / FIRMWARE_IMAGE
    _write(firmware, elf.image(board["firmware"]["base"]), board["firmware"].get("image", 0))
    return firmware


def _write(path: Path, content: bytes, size: int) -> None:
    """Writes a file of at least `size` bytes in one step: a running emulator keeps the old one."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.truncate(max(len(content), size))
    Path(temporary).replace(path)
