"""Labelled resources: what guests may reach, whoever drives it.

A backend makes an `I2cBus` or a `Pin` from the configuration; interfaces know these two types alone.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping

Operation = int | bytes
"""One step of an I2C transaction: read so many bytes, or write these bytes."""


class I2cError(Exception):
    """A failed transaction; ``code`` and ``source`` are names of ``wasi:i2c`` (``no-acknowledge`` has a source)."""

    def __init__(self, code: str, source: str | None = None) -> None:
        super().__init__(f"{code} ({source})" if source else code)
        self.code = code
        self.source = source


class I2cBus(abc.ABC):
    """One I2C bus. May be called from several threads; a transaction is never interleaved with another."""

    @abc.abstractmethod
    def transaction(self, address: int, operations: list[Operation]) -> list[bytes]:
        """Run the steps with repeated STARTs; gives one value for each read. Raises `I2cError`."""


class Pin(abc.ABC):
    """One general purpose pin. Methods raise `OSError` when the hardware does."""

    @abc.abstractmethod
    def write(self, high: bool) -> None:
        """Drive the pin."""

    @abc.abstractmethod
    def driven(self) -> bool:
        """What the pin was last driven to."""

    @abc.abstractmethod
    def read(self) -> bool:
        """What the wire shows."""


class Labels:
    """All labelled resources of this host."""

    def __init__(self, resources: Mapping[str, I2cBus | Pin]) -> None:
        self._resources = dict(resources)

    def bus(self, label: str) -> I2cBus | None:
        """The I2C bus under `label`, or None."""
        resource = self._resources.get(label)
        return resource if isinstance(resource, I2cBus) else None

    def pin(self, label: str) -> Pin | None:
        """The pin under `label`, or None."""
        resource = self._resources.get(label)
        return resource if isinstance(resource, Pin) else None
