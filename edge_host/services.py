"""What the workloads of this host use of the agent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge_host.artifacts import Artifacts
from edge_host.download import Downloads
from edge_host.journal import Journal
from edge_host.runner import Host
from edge_host.state import StateStore


@dataclass(frozen=True)
class Services:
    """What workloads use of the agent."""

    device: str
    anchors: Mapping[bytes, bytes]
    store: StateStore
    artifacts: Artifacts
    downloads: Downloads
    journal: Journal
    host: Host
    changed: Callable[[], None]
    keep: Callable[[], set[bytes]]
    collect: Callable[[], None] = lambda: None
