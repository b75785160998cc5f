"""SPI devices through ``/dev/spidev*`` and the library spidev."""

from __future__ import annotations

import threading
import time

from spidev import SpiDev

from edge_host.config_labels import SpiSelect
from edge_host.labels import SpiDevice, SpiError, Transfer


class LinuxSpiDevice(SpiDevice):
    """One chip select of one bus."""

    def __init__(self, select: SpiSelect) -> None:
        self._device = SpiDev()
        self._device.open(select.bus, select.chip_select)
        self._device.max_speed_hz = select.hertz
        self._device.mode = select.mode
        self._lock = threading.Lock()

    def transaction(self, steps: list[Transfer]) -> list[bytes]:
        """See `SpiDevice.transaction`: all steps are one transfer, so the chip stays selected between them.

        The library cannot wait within a transfer: only after the last byte may there be a delay.
        """
        sizes = [len(step.data) for step in steps]
        last = max((at for at, size in enumerate(sizes) if size), default=-1)
        if any(step.delay_ns for step in steps[:last]):
            raise SpiError("other", "spidev cannot wait between two steps of a transaction")
        sent = b"".join(step.data for step in steps)
        try:
            with self._lock:
                received = bytes(self._device.xfer2(list(sent))) if sent else b""
                time.sleep(sum(step.delay_ns for step in steps) / 1e9)
        except OSError as error:
            raise SpiError("other", str(error)) from None
        answers, at = [], 0
        for size in sizes:
            answers.append(received[at : at + size])
            at += size
        return answers


def open_device(select: SpiSelect) -> LinuxSpiDevice:
    """The device of a chip select; raises `OSError`."""
    return LinuxSpiDevice(select)
