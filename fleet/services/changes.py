"""Which devices changed since one looked last, so that an open page costs nothing while nothing happens."""

import threading


class Changes:
    """Counts changes by device name. Usable from any thread; remembers nothing but the newest change of each device."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest = 0
        self._by_device: dict[str, int] = {}

    @property
    def newest(self) -> int:
        """The number of the newest change."""
        with self._lock:
            return self._newest

    def notify(self, *devices: str) -> None:
        """Notes that these devices changed, came or went."""
        with self._lock:
            self._newest += 1
            for device in devices:
                self._by_device[device] = self._newest

    def since(self, seen: int) -> tuple[int, set[str]]:
        """The number of the newest change, and the devices changed after change number `seen`."""
        with self._lock:
            if self._newest == seen:
                return seen, set()
            return self._newest, {device for device, number in self._by_device.items() if number > seen}

    def last(self, device: str) -> int:
        """The number of the newest change of one device, 0 if there was none."""
        with self._lock:
            return self._by_device.get(device, 0)
