"""The conformance guests of `examples/conformance`: what they check, how they are built and signed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from provisioning import bundle, component
from provisioning.bundle import Target
from provisioning.checkout import root
from provisioning.component import BuiltComponent
from tools.interface_pages import Page, pages

FOLDER = root() / "examples" / "conformance"


@dataclass(frozen=True)
class Guest:
    """A guest with its reference page."""

    page: Page

    @property
    def name(self) -> str:
        """The guest's folder."""
        return self.page.name

    @property
    def workload(self) -> str:
        """The workload that it is."""
        return f"check-{self.name}"

    @property
    def expected(self) -> dict[str, bool]:
        """What a host reports that keeps to the interface."""
        return {check.name: True for check in self.page.checks}

    def build(self) -> list[BuiltComponent]:
        """Its components, built once a run."""
        return _built(FOLDER / self.name)

    def bundle(self, key: bytes, target: Target) -> bytes:
        """Its only release, signed with the seed `key`."""
        self.build()
        return bundle.make_from_file(FOLDER / self.name, key, target, sequence=1, build=False).data


GUESTS = [Guest(page) for page in pages()]
ON_BOARDS = [guest for guest in GUESTS if not guest.page.is_edge_only]
"""Those of interfaces that boards have too."""


@cache
def _built(folder: Path) -> list[BuiltComponent]:
    return component.build(folder)
