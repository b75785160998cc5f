"""Where the checkout of Petiole is: boards, firmware and examples are built from it."""

import os
from pathlib import Path

from provisioning.errors import InputError


def root() -> Path:
    """The checkout: PETIOLE_ROOT if set, else the nearest folder upwards that is one, else this package's.

    Raises InputError when none of them is one.
    """
    given = os.environ.get("PETIOLE_ROOT")
    here = Path.cwd()
    candidates = [Path(given)] if given else [here, *here.parents, Path(__file__).parents[1]]
    for folder in candidates:
        if (folder / "boards").is_dir() and (folder / "firmware").is_dir():
            return folder
    raise InputError(
        "no checkout of Petiole here: boards and firmware are built from one",
        where=str(candidates[0]),
        next_step="run this inside a checkout, or set PETIOLE_ROOT to one",
    )


def cache() -> Path:
    """The folder `.cache` of the checkout, for everything built; made if it is missing."""
    folder = root() / ".cache"
    folder.mkdir(exist_ok=True)
    return folder
