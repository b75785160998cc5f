"""Rig files: which boards a test run may use.

```toml
[rig]
name = "bench-1"
lock_dir = "locks"          # optional, relative to this file; one OS lock a board

[boards.an505-a]
kind = "emulated"           # the only kind so far
board = "qemu-an505"        # a file in boards/; default: the name
notes = "..."               # optional, shown with errors
```
Without a file the default rig holds every board of `boards/` that has an emulator.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil.errors import RigFileError
from provisioning import boards, checkout
from provisioning.boards import Board
from provisioning.toml_errors import nearest
from wire.names import is_name

EMULATED = "emulated"
KINDS = (EMULATED,)
RIG_KEYS = ("name", "lock_dir")
BOARD_KEYS = ("kind", "board", "notes")


@dataclass(frozen=True)
class RigBoard:
    """One board of a rig: its name there, how it is reached, and its description."""

    name: str
    kind: str
    board: Board
    notes: str = ""


@dataclass(frozen=True)
class Rig:
    """Boards by name, and the folder of their locks."""

    name: str
    lock_dir: Path
    boards: dict[str, RigBoard]

    def find(self, name: str) -> RigBoard | None:
        """The board called `name`, else the first one of that type; None if there is neither."""
        if name in self.boards:
            return self.boards[name]
        return next((entry for entry in self.boards.values() if entry.board.name == name), None)


def default() -> Rig:
    """The emulated rig: every board that has an emulator, under its own name."""
    described = [boards.load(name) for name in boards.names()]
    emulated = {board.name: RigBoard(board.name, EMULATED, board) for board in described if board.emulator}
    return Rig("emulated", checkout.cache() / "locks", emulated)


def load(path: Path) -> Rig:
    """Read a rig file. Raises RigFileError with the place of the mistake."""
    try:
        raw = tomllib.loads(path.read_text())
    except OSError as error:
        raise RigFileError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except ValueError as error:
        raise RigFileError(f"is not TOML: {error}", where=str(path)) from error
    _known(path, "", raw, ("rig", "boards"))
    head = _table(path, raw, "rig")
    _known(path, "rig.", head, RIG_KEYS)
    entries = _table(path, raw, "boards")
    found = {name: _board(path, name, _table(path, entries, name, "boards.")) for name in entries}
    return Rig(str(head.get("name", path.stem)), path.parent / str(head.get("lock_dir", "locks")), found)


def _board(path: Path, name: str, entry: dict[str, Any]) -> RigBoard:
    if not is_name(name):
        raise RigFileError(f"boards.{name}: use 1 to 32 of a-z, 0-9 and '-'", where=str(path))
    _known(path, f"boards.{name}.", entry, BOARD_KEYS)
    kind = str(entry.get("kind", ""))
    if kind not in KINDS:
        raise RigFileError(
            f"boards.{name}.kind: {kind!r} is not a kind of board{nearest(kind, KINDS)}",
            where=str(path),
            next_step=f"known kinds: {', '.join(KINDS)}",
        )
    described = boards.load(str(entry.get("board", name)))
    if described.emulator is None:
        raise RigFileError(f"boards.{name}: {described.name} has no emulator", where=str(path))
    return RigBoard(name, kind, described, str(entry.get("notes", "")))


def _table(path: Path, raw: dict[str, Any], key: str, prefix: str = "") -> dict[str, Any]:
    value = raw.get(key, {})
    if not isinstance(value, dict):
        raise RigFileError(f"{prefix}{key} must be a table", where=str(path))
    return value


def _known(path: Path, prefix: str, raw: dict[str, Any], keys: tuple[str, ...]) -> None:
    for key in raw:
        if key not in keys:
            raise RigFileError(f"{prefix}{key}: unknown key{nearest(key, keys)}", where=str(path))
