"""A component of a workload file while the file is gone through."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from wire.descriptor import Component, Grant, Limits
from wire.edge_options import EdgeOptions
from wire.images import Image
from wire.triggers import Trigger
from wire.yaml_nodes import Node, suggestion


@dataclass(frozen=True)
class EdgeOnly:
    """Something in a workload file that boards cannot do: file and line, its name there, and what to write instead."""

    place: str
    what: str
    instead: str = ""


@dataclass
class Draft:
    """`memory` in bytes goes before the one of `limits`; `edge_only` is what keeps the component from boards.

    `says_pool` tells whether the file says how many instances are kept between calls.
    """

    name: str
    image: Image
    config: dict[str, str] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    limits: Limits | None = None
    memory: int | None = None
    triggers: list[Trigger] = field(default_factory=list)
    edge: EdgeOptions = field(default_factory=EdgeOptions)
    edge_only: list[EdgeOnly] = field(default_factory=list)
    says_pool: bool = False

    def on_edge_hosts(self, node: Node, what: str, instead: str = "", **options: Any) -> None:
        """Take what edge hosts alone do, with the values it gives to fields of EdgeOptions."""
        self.edge = node.checked(lambda given: replace(self.edge, **given), options)
        self.edge_only.append(EdgeOnly(node.place, what, instead))

    def component(self) -> Component:
        """The component as it stands in a descriptor."""
        limits = self.limits or Limits()
        if self.memory is not None:
            limits = replace(limits, memory=self.memory)
        edge = None if self.edge == EdgeOptions() else self.edge
        return Component(self.name, self.grants, limits, self.config, tuple(self.triggers), edge)


def find(node: Node, name: str, drafts: list[Draft]) -> Draft:
    """The component `name`; `node` is where it is named."""
    known: Mapping[str, Draft] = {draft.name: draft for draft in drafts}
    if name not in known:
        node.fail(f"there is no component {name!r}{suggestion(name, known)}")
    return known[name]
