"""Places in deployed components: the function and source line that a post-mortem means (formats.md section 6).

Whoever makes a bundle keeps its components here, each with the notes of its compiler, by the digest of the release.
They stay on the machine that built them; other machines know function numbers alone.
"""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from provisioning import checkout, component_compiler
from provisioning.component_compiler import Source

KEPT_RELEASES = 100


@dataclass(frozen=True)
class Image:
    """A component of a release: its name in the workload file, and its file."""

    name: str
    path: Path


def keep(release: bytes, images: Iterable[Image]) -> None:
    """Keep the components of a release, and their debug files where there are any. The oldest releases make room."""
    folder = _folder() / release.hex()
    folder.mkdir(parents=True, exist_ok=True)
    for image in images:
        kept = folder / f"{image.name}.wasm"
        shutil.copyfile(image.path, kept)
        debug = component_compiler.debug_file(image.path)
        if debug.is_file():
            shutil.copyfile(debug, component_compiler.debug_file(kept))
    folders = sorted(_folder().iterdir(), key=lambda path: path.stat().st_mtime)
    for old in folders[:-KEPT_RELEASES]:
        shutil.rmtree(old, ignore_errors=True)


def explain(release: bytes, component: str, *, function: int | None, pc: int | None) -> Source | None:
    """What a place in a component of a release is; None when the release was not built here or the place is unknown.

    Raises ToolError when the place is not one of that component.
    """
    kept = _folder() / release.hex() / f"{component}.wasm"
    if not kept.is_file() or (function is None and pc is None):
        return None
    return component_compiler.explain(kept, function=function, pc=pc)


def _folder() -> Path:
    folder = checkout.cache() / "releases"
    folder.mkdir(exist_ok=True)
    return folder
