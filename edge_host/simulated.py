"""Simulated hardware of the same contract as the real one, for machines without it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

from edge_host.config_labels import Label
from edge_host.labels import I2cBus, I2cError, Operation, Pin, Pwm, Resource, SpiDevice, Transfer

LOOK_SECONDS = 0.02
"""How often the file of an input is looked at while somebody waits for its edges."""


class Tmp105:
    """Texas Instruments TMP105: registers temperature (0), configuration (1), T_low (2), T_high (3).

    Temperature is in 1/256 degrees Celsius, cut to the resolution in bits 5 and 6 of the configuration (9 bits after
    a reset), as the chip and QEMU's model of it do. It is read from a file.
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


class SimulatedSpi(SpiDevice):
    """A device whose output is wired to its input: what is sent comes back."""

    def transaction(self, steps: list[Transfer]) -> list[bytes]:
        """See `SpiDevice.transaction`."""
        return [step.data for step in steps]


class SimulatedPin(Pin):
    """A pin wired to itself; another label may be another name of the same wire."""

    def __init__(self, *, is_input: bool = False) -> None:
        self.is_input = is_input
        self._high = False
        self._lock = threading.Lock()
        self._watchers: list[Callable[[bool], None]] = []

    def write(self, high: bool) -> None:
        """See `Pin.write`."""
        with self._lock:
            changed, self._high = self._high != high, high
            watchers = list(self._watchers) if changed else []
        for watcher in watchers:
            watcher(high)

    def driven(self) -> bool:
        """See `Pin.driven`."""
        return self._high

    def read(self) -> bool:
        """See `Pin.read`."""
        return self._high

    def watch(self, changed: Callable[[bool], None]) -> Callable[[], None]:
        """See `Pin.watch`."""
        with self._lock:
            self._watchers.append(changed)

        def end() -> None:
            with self._lock:
                self._watchers.remove(changed)

        return end


class FilePin(SimulatedPin):
    """An input whose level is in a file: `1` or `0`. The file is followed while somebody watches."""

    def __init__(self, file: Path) -> None:
        super().__init__(is_input=True)
        self._file = file
        self._followers = 0
        self._wanted = threading.Condition()

    def read(self) -> bool:
        """See `Pin.read`."""
        with contextlib.suppress(OSError):
            self.write(self._file.read_text(encoding="ascii").strip() == "1")
        return super().read()

    def watch(self, changed: Callable[[bool], None]) -> Callable[[], None]:
        """See `Pin.watch`."""
        self.read()
        end_of_watch = super().watch(changed)
        with self._wanted:
            self._followers += 1
            if self._followers == 1:
                threading.Thread(target=self._follow, name=f"pin {self._file.name}", daemon=True).start()

        def end() -> None:
            end_of_watch()
            with self._wanted:
                self._followers -= 1
                self._wanted.notify_all()

        return end

    def _follow(self) -> None:
        while True:
            with self._wanted:
                if not self._followers:
                    return
                self._wanted.wait(LOOK_SECONDS)
            self.read()


class SimulatedPwm(Pwm):
    """An output that remembers its duty cycle."""

    def __init__(self) -> None:
        self.duty = 0

    def set_duty(self, duty: int) -> None:
        """See `Pwm.set_duty`."""
        self.duty = duty


def open_simulated(label: Label, opened: dict[str, Resource]) -> Resource:
    """The simulated resource that `label` describes; `opened` are those before it, which it may be wired to."""
    if label.interface == "wasi:i2c/i2c":
        return SimulatedBus({device.address: Tmp105(device.file) for device in label.devices})
    if label.interface == "wasi:spi/spi":
        return SimulatedSpi()
    if label.interface == "wasi:gpio/pwm":
        return SimulatedPwm()
    if label.wired_to is not None:
        return opened[label.wired_to]
    return SimulatedPin(is_input=label.is_input) if label.file is None else FilePin(label.file)
