"""What files of the manifest folder stood for when they were last read, kept over restarts in one small file.

A file that has not changed is not read again, so that everything is back at once without any network.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edge_host.artifacts import sync_folder
from wire import cbor, records
from wire.errors import WireError
from wire.messages import DesiredWorkload

log = logging.getLogger(__name__)

Stamp = tuple[int, int, int]
"""What changes with a file: time of its last change in ns, size, inode."""


@dataclass(frozen=True)
class Kept:
    """The workload that a file stands for; `pinned` is the digest of a reference."""

    file: str
    stamp: tuple[int, int, int]
    workload: DesiredWorkload
    pinned: bytes | None = None


@dataclass(frozen=True)
class _File:
    kept: tuple[Kept, ...]


def file_in(state: Path) -> Path:
    """Where a state folder has it."""
    return state / "manifests" / "kept.cbor"


def load(file: Path) -> dict[str, Kept] | None:
    """What is kept, by file; None when nothing ever was, or it cannot be read."""
    try:
        kept = records.from_map(_File, cbor.decode_strict(file.read_bytes(), str(file)), str(file)).kept
    except FileNotFoundError:
        return None
    except (OSError, WireError) as error:
        log.error("%s is not read, the manifests are read anew: %s", file, error)
        return None
    return {one.file: one for one in kept}


def save(file: Path, kept: Iterable[Kept]) -> None:
    """Keep this in place of what was kept; on disk when it returns."""
    fresh = file.with_suffix(".new")
    with fresh.open("wb") as stream:
        stream.write(cbor.encode(records.to_map(_File(tuple(kept)))))
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
    sync_folder(file.parent)


def forget(state: Path) -> bool:
    """Keep nothing in this state folder any more; whether anything was kept."""
    try:
        file_in(state).unlink()
    except FileNotFoundError:
        return False
    return True
