"""From the labels of the configuration to resources: one function a backend."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge_host.config_labels import Label
from edge_host.labels import Labels, Resource


def open_labels(labels: Mapping[str, Label], state: Path = Path("state")) -> Labels:
    """The resources that the configuration describes; raises `DeviceError` for one that cannot be used.

    What is not told where to keep its data keeps it in the folder `state`.
    """
    opened: dict[str, Resource] = {}
    for name, label in labels.items():
        if label.target is not None:
            from edge_host.targets import open_target  # noqa: PLC0415

            opened[name] = open_target(name, label.target, state)
        elif label.linux is None:
            from edge_host.simulated import open_simulated  # noqa: PLC0415

            opened[name] = open_simulated(label, opened)
        else:
            from edge_host.devices import open_device  # noqa: PLC0415

            opened[name] = open_device(name, label.linux)
    return Labels(opened)
