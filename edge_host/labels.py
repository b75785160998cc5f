"""Labelled resources: what guests may reach, whoever drives it.

A backend makes these from the configuration; interfaces know these types alone. Everything may be called from several
threads; what belongs together on a bus is never interleaved with another caller's.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Operation = int | bytes
"""One step of an I2C transaction: read so many bytes, or write these bytes."""


class I2cError(Exception):
    """A failed transaction; ``code`` and ``source`` are names of ``wasi:i2c`` (``no-acknowledge`` has a source)."""

    def __init__(self, code: str, source: str | None = None) -> None:
        super().__init__(f"{code} ({source})" if source else code)
        self.code = code
        self.source = source


class SpiError(Exception):
    """A failed transfer; ``code`` and ``detail`` are names of ``wasi:spi`` (``other`` has a text)."""

    def __init__(self, code: str, detail: str | None = None) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class I2cBus(abc.ABC):
    """One I2C bus."""

    @abc.abstractmethod
    def transaction(self, address: int, operations: list[Operation]) -> list[bytes]:
        """Run the steps with repeated STARTs; gives one value for each read. Raises `I2cError`."""


@dataclass(frozen=True)
class Transfer:
    """A step of an SPI transaction: write ``data`` and read as many bytes, then wait ``delay_ns``."""

    data: bytes
    delay_ns: int = 0


class SpiDevice(abc.ABC):
    """One device on an SPI bus, with its chip select."""

    @abc.abstractmethod
    def transaction(self, steps: list[Transfer]) -> list[bytes]:
        """Run the steps while the chip stays selected; gives what was read in each. Raises `SpiError`."""


class Pin(abc.ABC):
    """One general purpose pin. Methods raise `OSError` when the hardware does."""

    is_input = False
    """Whether it is for reading alone."""

    @abc.abstractmethod
    def write(self, high: bool) -> None:
        """Drive the pin."""

    @abc.abstractmethod
    def driven(self) -> bool:
        """What the pin was last driven to."""

    @abc.abstractmethod
    def read(self) -> bool:
        """What the wire shows."""

    @abc.abstractmethod
    def watch(self, changed: Callable[[bool], None]) -> Callable[[], None]:
        """Call `changed` with the new level at each change, in any thread; call what comes back to end that."""


class Pwm(abc.ABC):
    """One output with pulse width modulation. Methods raise `OSError` when the hardware does."""

    MOST = 65_535
    """The duty cycle that means always on."""

    @abc.abstractmethod
    def set_duty(self, duty: int) -> None:
        """Be on for `duty` of `MOST` of the time."""


Resource = I2cBus | SpiDevice | Pin | Pwm


class Labels:
    """All labelled resources of this host."""

    def __init__(self, resources: Mapping[str, Resource]) -> None:
        self._resources = dict(resources)

    def bus(self, label: str) -> I2cBus | None:
        """The I2C bus under `label`, or None."""
        resource = self._resources.get(label)
        return resource if isinstance(resource, I2cBus) else None

    def spi(self, label: str) -> SpiDevice | None:
        """The SPI device under `label`, or None."""
        resource = self._resources.get(label)
        return resource if isinstance(resource, SpiDevice) else None

    def pin(self, label: str) -> Pin | None:
        """The pin under `label`, or None."""
        resource = self._resources.get(label)
        return resource if isinstance(resource, Pin) else None

    def pwm(self, label: str) -> Pwm | None:
        """The output with pulse width modulation under `label`, or None."""
        resource = self._resources.get(label)
        return resource if isinstance(resource, Pwm) else None
