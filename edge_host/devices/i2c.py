"""I2C buses through ``/dev/i2c-*`` and smbus2."""

from __future__ import annotations

import errno
import threading

from smbus2 import SMBus, i2c_msg

from edge_host.config_labels import I2cAdapter
from edge_host.labels import I2cBus, I2cError, Operation

# What drivers of the kernel answer (Documentation/i2c/fault-codes.rst); often not which byte was not acknowledged.
_ERRORS = {
    errno.ENXIO: ("no-acknowledge", "address"),
    errno.EREMOTEIO: ("no-acknowledge", "unknown"),
    errno.EAGAIN: ("arbitration-loss", None),
    errno.EPROTO: ("bus", None),
    errno.ETIMEDOUT: ("bus", None),
    errno.EOVERFLOW: ("overrun", None),
}


class LinuxI2cBus(I2cBus):
    """One adapter of the kernel."""

    def __init__(self, adapter: I2cAdapter) -> None:
        self._bus = SMBus(adapter.bus)
        self._lock = threading.Lock()

    def transaction(self, address: int, operations: list[Operation]) -> list[bytes]:
        """See `I2cBus.transaction`."""
        messages = [
            i2c_msg.read(address, step) if isinstance(step, int) else i2c_msg.write(address, step)
            for step in operations
        ]
        try:
            with self._lock:
                self._bus.i2c_rdwr(*messages)
        except OSError as error:
            raise I2cError(*_ERRORS.get(error.errno or 0, ("other", None))) from None
        return [
            bytes(list(message)) for step, message in zip(operations, messages, strict=True) if isinstance(step, int)
        ]


def open_device(adapter: I2cAdapter) -> LinuxI2cBus:
    """The bus of an adapter; raises `OSError`."""
    return LinuxI2cBus(adapter)
