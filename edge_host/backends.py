"""From the labels of the configuration to resources: one function a backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edge_host.config import Label
from edge_host.labels import I2cBus, Labels, Pin
from edge_host.simulated import open_simulated

BACKENDS: dict[str, Callable[[Label], I2cBus | Pin]] = {"simulated": open_simulated}


def open_labels(labels: Mapping[str, Label]) -> Labels:
    """The resources that the configuration describes."""
    return Labels({name: BACKENDS[label.backend](label) for name, label in labels.items()})
