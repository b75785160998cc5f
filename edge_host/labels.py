"""Labelled resources: what guests may reach, whoever drives it.

A backend makes these from the configuration; interfaces know these types alone. Everything may be called from several
threads; what belongs together on a bus is never interleaved with another caller's.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from edge_host.blobs import Blobs
    from edge_host.key_values import KeyValueFile
    from edge_host.messages import Message

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


@dataclass(frozen=True)
class Folder:
    """A folder of this machine."""

    path: Path
    read_only: bool


class SerialLine(abc.ABC):
    """One serial port, closed at first. Methods raise `OSError` when the hardware does."""

    @abc.abstractmethod
    def open(self, arrived: Callable[[], None]) -> bool:
        """Open it and call `arrived`, in any thread, when something has; False when somebody has it open."""

    @abc.abstractmethod
    def read(self, most: int) -> bytes:
        """Up to `most` bytes that have arrived."""

    @abc.abstractmethod
    def waiting(self) -> bool:
        """Whether `read` would give something or raise."""

    @abc.abstractmethod
    def write(self, data: bytes) -> None:
        """Send all of `data`."""

    @abc.abstractmethod
    def discard(self) -> None:
        """Forget what has arrived."""

    @abc.abstractmethod
    def close(self) -> None:
        """Close it."""


class Carrier(abc.ABC):
    """A way that messages take instead of the host's own bus."""

    @abc.abstractmethod
    def subscribe(self, pattern: str, deliver: Callable[[Message], None]) -> Callable[[], None]:
        """Give each message that fits the filter to `deliver`, in any thread; call what comes back to end that."""

    @abc.abstractmethod
    def publish(self, message: Message) -> int:
        """Send a message, without waiting for anything; raises `OSError` when that cannot be done now."""

    @abc.abstractmethod
    def inbox(self, deliver: Callable[[Message], None]) -> tuple[str, Callable[[], None]]:
        """A new subject for answers, and how to end it; raises `OSError` where requests cannot be made."""

    def close(self) -> None:
        """End it."""
        return


Resource: TypeAlias = "I2cBus | SpiDevice | Pin | Pwm | Folder | KeyValueFile | Blobs | SerialLine | Carrier"
Kind = TypeVar("Kind")


class Labels:
    """All labelled resources of this host."""

    def __init__(self, resources: Mapping[str, Resource]) -> None:
        self._resources = dict(resources)

    def of(self, label: str, kind: type[Kind]) -> Kind | None:
        """The resource under `label`, if it is of this `kind`."""
        resource = self._resources.get(label)
        return resource if isinstance(resource, kind) else None

    def all_of(self, kind: type[Kind]) -> dict[str, Kind]:
        """All resources of this `kind`, by their labels."""
        return {label: found for label, found in self._resources.items() if isinstance(found, kind)}

    def close(self) -> None:
        """End the links to brokers."""
        for carrier in self.all_of(Carrier).values():  # type: ignore[type-abstract]
            carrier.close()

    def folder(self, label: str) -> Folder | None:
        """The folder under `label`, or None."""
        return self.of(label, Folder)

    def serial(self, label: str) -> SerialLine | None:
        """The serial port under `label`, or None."""
        return self.of(label, SerialLine)  # type: ignore[type-abstract]

    def carrier(self, label: str) -> Carrier | None:
        """The link for messages under `label`, or None."""
        return self.of(label, Carrier)  # type: ignore[type-abstract]

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
