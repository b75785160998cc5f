"""The boards, out of `boards/*.toml`.

Only the syntax is checked here; whether the numbers fit together is checked where they are used: by `petiole-layout` in
the firmware's build, and by `petiole board` for people.
"""

import tomllib
from pathlib import Path
from typing import Any

from paths import BOARDS


class BoardError(Exception):
    """There is no such board, or its file cannot be read; the text says which and what to do."""


def names() -> list[str]:
    """Every board's name, sorted."""
    return sorted(path.stem for path in BOARDS.glob("*.toml"))


def path_of(name: str) -> Path:
    """The file of a board, whether it exists or not."""
    return BOARDS / f"{name}.toml"


def load(name: str) -> dict[str, Any]:
    """The description of a board. Raises BoardError."""
    path = path_of(name)
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise BoardError(f"there is no board {name!r}; boards/ has {', '.join(names())}") from None
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BoardError(f"{path}: {error}") from error
