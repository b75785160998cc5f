"""Where things lie in the repository."""

import os
from pathlib import Path

PLATFORM = Path(__file__).resolve().parents[1]
FIRMWARE = PLATFORM.parent
ROOT = FIRMWARE.parent
BOARDS = ROOT / "boards"
PROGRAMS = FIRMWARE / "boards"
CARGO_TARGET = ROOT / ".cache" / "cargo" / "firmware"
TARGETS = ROOT / ".cache" / "cargo" / "targets"


def device_dir(board: str) -> Path:
    """The folder of the emulated device that uploads go to: PETIOLE_DEVICE_DIR, or one for each board."""
    chosen = os.environ.get("PETIOLE_DEVICE_DIR")
    return Path(chosen).resolve() if chosen else ROOT / ".cache" / "devices" / board
