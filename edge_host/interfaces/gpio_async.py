"""``wasi:gpio/digital-async@0.2.0``: waiting for levels and edges of labelled inputs."""

from __future__ import annotations

from collections.abc import Callable

from wasmtime.component import LinkerInstance, ResourceHost, Variant

from edge_host.interfaces.adapter import ResourceNumber, bind, bind_method, bind_resource, new_handle
from edge_host.interfaces.context import GuestContext
from edge_host.interfaces.gpio import open_label
from edge_host.interfaces.poll import Pollable, new_pollable
from edge_host.labels import Pin
from wire.interfaces import GPIO_ASYNC

NOT_IN_PROGRESS, WOULD_BLOCK = Variant("not-in-progress"), Variant("would-block")

WAITS: dict[str, tuple[bool, ...]] = {
    "high": (True,),
    "low": (False,),
    "rising-edge": (True,),
    "falling-edge": (False,),
    "any-edge": (True, False),
}
"""The levels that end a wait, by its name; for a level also the one there already is."""


class InputWait:
    """One open input and what is waited for on it."""

    def __init__(self, pin: Pin, notify: Callable[[], None]) -> None:
        self._pin = pin
        self._notify = notify
        self._stop: Callable[[], None] | None = None
        self._happened = False

    def start(self, name: str) -> None:
        """Begin a wait, in the place of the one before; raises `OSError`."""
        self.close()
        levels = WAITS[name]

        def changed(high: bool) -> None:
            if high in levels:
                self._happened = True
                self._notify()

        self._happened = False
        self._stop = self._pin.watch(changed)
        if name in ("high", "low") and self._pin.read() in levels:
            self._happened = True

    def is_over(self) -> bool:
        """Whether `finish` would not block."""
        return self._stop is None or self._happened

    def finish(self) -> Variant | None:
        """End the wait; gives the WIT error."""
        if self._stop is None:
            return NOT_IN_PROGRESS
        if not self._happened:
            return WOULD_BLOCK
        self.close()
        return None

    def close(self) -> None:
        """Wait for nothing any more."""
        if self._stop is not None:
            self._stop()
            self._stop = None


def link(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer the interface to a guest."""

    def start(name: str) -> Callable[[InputWait], str | None]:
        def begin(wait: InputWait) -> str | None:
            try:
                wait.start(name)
            except OSError as error:
                return str(error)
            return None

        return begin

    def open_input(label: str) -> ResourceHost | str:
        found = open_label(context, GPIO_ASYNC, label, context.labels.pin)
        if isinstance(found, str):
            return found
        return new_handle(context, ResourceNumber.INPUT_WAIT_PIN, InputWait(found, context.signal.notify))

    def method(name: str, function: Callable[[InputWait], object]) -> None:
        bind_method(instance, context, f"input-wait-pin.{name}", InputWait, function)

    bind_resource(instance, context, "input-wait-pin", ResourceNumber.INPUT_WAIT_PIN)
    for name in WAITS:
        method(f"start-wait-{name}", start(name))
    method("subscribe", lambda wait: new_pollable(context, Pollable(is_ready=wait.is_over)))
    method("finish-wait", InputWait.finish)
    bind(instance, context, "open-input-wait", open_input)
