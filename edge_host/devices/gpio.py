"""GPIO lines through ``/dev/gpiochip*`` and libgpiod 2."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import gpiod
from gpiod.line import Bias, Direction, Edge, Value

from edge_host.config_labels import GpioLine
from edge_host.labels import Pin

LOOK = timedelta(seconds=0.2)
"""How often the thread that waits for edges looks whether it is still wanted."""

_BIASES = {
    "as-is": Bias.AS_IS,
    "disabled": Bias.DISABLED,
    "pull-up": Bias.PULL_UP,
    "pull-down": Bias.PULL_DOWN,
}


class LinuxPin(Pin):
    """One line, an input until it is driven for the first time."""

    def __init__(self, line: GpioLine) -> None:
        self._line = line
        self.is_input = line.is_input
        self._lock = threading.RLock()
        self._driven: bool | None = None
        self._watchers: list[Callable[[bool], None]] = []
        self._request = gpiod.request_lines(str(line.chip), consumer="petiole", config=self._settings())

    def write(self, high: bool) -> None:
        """See `Pin.write`."""
        with self._lock:
            was, self._driven = self._driven, high
            if was is None:
                self._request.reconfigure_lines(self._settings())
            else:
                self._request.set_value(self._line.line, _value(high))

    def driven(self) -> bool:
        """See `Pin.driven`."""
        return bool(self._driven)

    def read(self) -> bool:
        """See `Pin.read`."""
        return bool(self._request.get_value(self._line.line) == Value.ACTIVE)

    def watch(self, changed: Callable[[bool], None]) -> Callable[[], None]:
        """See `Pin.watch`."""
        with self._lock:
            self._watchers.append(changed)
            if len(self._watchers) == 1:
                self._request.reconfigure_lines(self._settings())
                threading.Thread(target=self._follow, name=f"gpio {self._line.line}", daemon=True).start()

        def end() -> None:
            with self._lock:
                self._watchers.remove(changed)

        return end

    def _settings(self) -> dict[int, gpiod.LineSettings]:
        settings = gpiod.LineSettings(active_low=self._line.active_low, bias=_BIASES[self._line.bias])
        if self._driven is None:
            settings.direction = Direction.INPUT
            settings.edge_detection = Edge.BOTH if self._watchers else Edge.NONE
        else:
            settings.direction = Direction.OUTPUT
            settings.output_value = _value(self._driven)
        return {self._line.line: settings}

    def _follow(self) -> None:
        while True:
            arrived = self._request.wait_edge_events(LOOK)
            events = self._request.read_edge_events() if arrived else []
            with self._lock:
                watchers = list(self._watchers)
            if not watchers:
                return
            for event in events:
                high = event.event_type is event.Type.RISING_EDGE
                for watcher in watchers:
                    watcher(high)


def _value(high: bool) -> Value:
    return Value.ACTIVE if high else Value.INACTIVE


def open_device(line: GpioLine) -> LinuxPin:
    """The pin of a line; raises `OSError`."""
    return LinuxPin(line)
