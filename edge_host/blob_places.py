"""Where objects of bytes lie: the host's own folder, and folders that containers have by their label."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from edge_host.labels import Labels

if TYPE_CHECKING:
    from edge_host.blobs import Blobs, Containers, Draft

DEFAULT_BYTES = 64 * 1024 * 1024
"""What a workload may keep in containers that have no folder of their own."""


class BlobPlaces:
    """All places of this host; nothing is made or imported before a guest wants one."""

    def __init__(self, folder: Path, labels: Labels) -> None:
        self._folder = folder
        self._labels = labels

    def of_workload(self, workload: str) -> WorkloadBlobs:
        """What a workload keeps."""
        return WorkloadBlobs(workload, *self._all())

    def remove(self, workload: str) -> None:
        """Forget everything of a workload."""
        if self._folder.exists():
            default, named = self._all()
            for place in (default, *named.values()):
                place.remove(workload)

    def _all(self) -> tuple[Blobs, dict[str, Blobs]]:
        from edge_host.blobs import Blobs  # noqa: PLC0415

        return Blobs(self._folder, DEFAULT_BYTES), self._labels.all_of(Blobs)


class WorkloadBlobs:
    """The containers of one workload by name, wherever they lie."""

    def __init__(self, workload: str, default: Blobs, named: dict[str, Blobs]) -> None:
        self._default = default.of_workload(workload)
        self._named = {name: place.of_workload(workload) for name, place in named.items()}

    def of_container(self, name: str) -> Containers:
        """Where a container is."""
        return self._named.get(name, self._default)

    def draft(self) -> Draft:
        """Something to write a new object to, for any container."""
        return self._default.draft(max([self._default.limit, *(place.limit for place in self._named.values())]))

    def copy(self, source: tuple[str, str], target: tuple[str, str]) -> None:
        """Make a second object of the same bytes, each named by container and object; raises `BlobError`."""
        draft = self.draft()
        try:
            self.of_container(source[0]).read_into(draft, *source)
            self.of_container(target[0]).keep(draft, *target)
        finally:
            draft.close()
