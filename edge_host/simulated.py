"""Simulated hardware: a TMP105 whose world is a text file, and pins that remember."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

from edge_host.config import Label
from edge_host.labels import I2cBus, I2cError, Operation, Pin


class Tmp105:
    """Texas Instruments TMP105: registers temperature (0), configuration (1), T_low (2), T_high (3).

    Temperature is in 1/256 degrees Celsius, cut to the resolution in bits 5 and 6 of the configuration (9 bits after
    a reset), as the chip and QEMU's model of it do.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._celsius = 25.0
        self._pointer = 0
        self._registers = {1: b"\x00", 2: b"\x4b\x00", 3: b"\x50\x00"}

    def write(self, data: bytes) -> None:
        """The bytes after the address: register pointer, then its new value."""
        if not data:
            return
        self._pointer = data[0] & 3
        value = data[1:]
        if value and self._pointer:
            self._registers[self._pointer] = value[: 1 if self._pointer == 1 else 2]

    def read(self, size: int) -> bytes:
        """`size` bytes of the register pointed to; bytes after its end read as ones, like a released bus."""
        value = self._temperature() if self._pointer == 0 else self._registers[self._pointer]
        return value[:size].ljust(size, b"\xff")

    def _temperature(self) -> bytes:
        with contextlib.suppress(OSError, ValueError):  # being replaced or never made: the last temperature stays
            self._celsius = float(self._file.read_text(encoding="ascii"))
        raw = max(-0x8000, min(0x7FFF, int(self._celsius * 256)))
        unused = 7 - (self._registers[1][0] >> 5 & 3)
        return (raw >> unused << unused & 0xFFFF).to_bytes(2, "big")


class SimulatedBus(I2cBus):
    """An I2C bus with models on it; an address without one does not acknowledge."""

    def __init__(self, devices: dict[int, Tmp105]) -> None:
        self._devices = devices
        self._lock = threading.Lock()

    def transaction(self, address: int, operations: list[Operation]) -> list[bytes]:
        """See `I2cBus.transaction`."""
        with self._lock:
            device = self._devices.get(address)
            if device is None:
                raise I2cError("no-acknowledge", "address")
            answers = []
            for step in operations:
                if isinstance(step, int):
                    answers.append(device.read(step))
                else:
                    device.write(step)
            return answers


class SimulatedPin(Pin):
    """A pin wired to itself."""

    def __init__(self) -> None:
        self._high = False

    def write(self, high: bool) -> None:
        """See `Pin.write`."""
        self._high = high

    def driven(self) -> bool:
        """See `Pin.driven`."""
        return self._high

    def read(self) -> bool:
        """See `Pin.read`."""
        return self._high


def open_simulated(label: Label) -> I2cBus | Pin:
    """The simulated resource that `label` describes."""
    if label.interface == "wasi:i2c/i2c":
        return SimulatedBus({device.address: Tmp105(device.file) for device in label.devices})
    return SimulatedPin()
