"""Secrets that lie on the device: a folder for each, in it a file for each key, as Kubernetes mounts them.

Only the account of the agent, and its group, may read them. They never travel, and are in no report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from wire.errors import RefusedError
from wire.refusals import Refusal

MOST_BYTES = 8192
OTHERS = 0o007


class Secrets:
    """The secrets of this device, in a folder that need not be there."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def read(self, names: Iterable[str]) -> Mapping[str, str]:
        """The keys and values of these secrets, later ones first; raises `RefusedError` for one that is not there."""
        values: dict[str, str] = {}
        for name in names:
            values.update(self._read(name))
        return values

    def _read(self, name: str) -> Mapping[str, str]:
        if self._folder is None:
            raise RefusedError(Refusal.NO_SUCH_LABEL, f"secret {name}: this host has no folder for secrets")
        folder = self._folder / name
        if not folder.is_dir():
            raise RefusedError(Refusal.NO_SUCH_LABEL, f"secret {name} is not on this device: make the folder {folder}")
        try:
            return {file.name: self._value(name, file) for file in sorted(folder.iterdir()) if file.is_file()}
        except OSError as error:
            raise RefusedError(Refusal.NO_SUCH_LABEL, f"secret {name}: {error.strerror}") from None

    def _value(self, name: str, file: Path) -> str:
        if file.stat().st_mode & OTHERS:
            raise RefusedError(Refusal.NO_SUCH_LABEL, f"secret {name}: everybody may read {file.name}: chmod o= {file}")
        raw = file.read_bytes()[: MOST_BYTES + 1]
        if len(raw) > MOST_BYTES:
            raise RefusedError(Refusal.NO_SUCH_LABEL, f"secret {name}: {file.name} has more than {MOST_BYTES} bytes")
        try:
            return raw.decode().removesuffix("\n")
        except UnicodeDecodeError:
            raise RefusedError(Refusal.NO_SUCH_LABEL, f"secret {name}: {file.name} is no text in UTF-8") from None
