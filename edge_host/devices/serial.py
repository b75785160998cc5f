"""Serial ports through pyserial: opened when a guest opens them, for that guest alone."""

from __future__ import annotations

import threading
from collections.abc import Callable

import serial

from edge_host.config_resources import SerialAt
from edge_host.labels import SerialLine

MOST_WAITING = 65_536
"""Bytes that wait unread; newer ones are lost, as in the port itself."""
LOOK_SECONDS = 0.2
"""How often a thread that waits for bytes looks whether the port was closed."""
WRITE_SECONDS = 5.0

_PARITIES = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}


class Port(SerialLine):
    """A port of this machine."""

    def __init__(self, settings: SerialAt) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._waiting = bytearray()
        self._failed: OSError | None = None
        self._port: serial.Serial | None = None

    def open(self, arrived: Callable[[], None]) -> bool:
        """See `SerialLine.open`."""
        with self._lock:
            if self._port is not None:
                return False
            self._waiting.clear()
            self._failed = None
            self._port = self._open()
        threading.Thread(target=self._follow, args=(self._port, arrived), name="serial", daemon=True).start()
        return True

    def read(self, most: int) -> bytes:
        """See `SerialLine.read`."""
        with self._lock:
            data = bytes(self._waiting[:most])
            del self._waiting[:most]
            if not data and self._failed is not None:
                raise self._failed
            return data

    def waiting(self) -> bool:
        """See `SerialLine.waiting`."""
        return bool(self._waiting) or self._failed is not None

    def write(self, data: bytes) -> None:
        """See `SerialLine.write`."""
        port = self._port
        if port is None:
            raise OSError("the port is closed")
        port.write(data)

    def discard(self) -> None:
        """See `SerialLine.discard`."""
        with self._lock:
            self._waiting.clear()
            if self._port is not None:
                self._port.reset_input_buffer()

    def close(self) -> None:
        """See `SerialLine.close`."""
        with self._lock:
            port, self._port = self._port, None
        if port is not None:
            port.close()

    def _open(self) -> serial.Serial:
        settings = self._settings
        return serial.serial_for_url(
            settings.port,
            baudrate=settings.baud,
            bytesize=settings.data_bits,
            parity=_PARITIES[settings.parity],
            stopbits=settings.stop_bits,
            timeout=LOOK_SECONDS,
            write_timeout=WRITE_SECONDS,
            exclusive=True,
        )

    def _follow(self, port: serial.Serial, arrived: Callable[[], None]) -> None:
        while self._port is port:
            try:
                data = port.read(max(1, min(port.in_waiting, MOST_WAITING)))
            except (OSError, TypeError) as error:  # pyserial has TypeError for a port closed meanwhile
                with self._lock:
                    if self._port is port:
                        self._failed = error if isinstance(error, OSError) else OSError(str(error))
                arrived()
                return
            if data:
                with self._lock:
                    self._waiting += data[: MOST_WAITING - len(self._waiting)]
                arrived()
