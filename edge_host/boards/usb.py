"""The USB serial ports of this machine, and which of them can be boards."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Protocol

TTYS = "/sys/class/tty"

BOARD_VENDORS = frozenset({0x303A, 0x2E8A, 0x239A, 0x1915, 0x1366, 0x0D28})
"""Makers of boards and of the probes on them: Espressif, Raspberry Pi, Adafruit, Nordic, SEGGER, Arm (DAPLink)."""

BOARD_IDS = frozenset(
    {(0x0483, 0x374B), (0x0483, 0x374E), (0x0483, 0x374F), (0x0483, 0x3753), (0x0483, 0x3754), (0x0483, 0x5740)}
)
"""ST-LINK probes with a serial port, and STMicroelectronics' own one.

Bare adapters (FTDI, CP210x, CH340) are not here: anything may be behind them. A board behind one is named by ``usb``
or ``serial`` in its table.
"""


@dataclass(frozen=True)
class UsbPort:
    """A serial port that a USB device offers."""

    path: str
    vendor: int
    product: int
    serial: str | None = None

    @property
    def id(self) -> tuple[int, int]:
        """Vendor and product number."""
        return self.vendor, self.product

    def __str__(self) -> str:
        serial = f", serial number {self.serial}" if self.serial else ""
        return f"{self.path} (USB {self.vendor:04x}:{self.product:04x}{serial})"


def is_board(port: UsbPort) -> bool:
    """Whether the port belongs to something that is made to be a board."""
    return port.vendor in BOARD_VENDORS or port.id in BOARD_IDS


class UsbPorts(Protocol):
    """Where ports are seen."""

    def names(self) -> frozenset[str]:
        """Changes whenever a port comes or goes; cheap, because it is asked every second."""

    def list(self) -> list[UsbPort]:
        """The ports that are there."""


class KernelPorts:
    """The ports of the Linux kernel."""

    def names(self) -> frozenset[str]:
        """See `UsbPorts`."""
        try:
            return frozenset(name for name in os.listdir(TTYS) if name.startswith(("ttyACM", "ttyUSB")))  # noqa: PTH208
        except OSError:
            return frozenset()

    def list(self) -> list[UsbPort]:
        """See `UsbPorts`."""
        from serial.tools import list_ports  # noqa: PLC0415 - only where boards are looked for

        return [
            UsbPort(port.device, port.vid, port.pid, port.serial_number)
            for port in list_ports.comports()
            if port.vid is not None and port.pid is not None
        ]
