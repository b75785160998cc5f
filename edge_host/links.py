"""Which way the messages of a component take: the host's bus, or the links that its subjects are bound to.

The answer to a message goes back over the link that the message came from.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from edge_host.labels import Carrier, Labels
from edge_host.messages import Bus, Deliver, Message
from wire.edge_options import EdgeOptions
from wire.errors import RefusedError
from wire.refusals import Refusal
from wire.subjects import fits

MOST_REPLIES = 256
"""Answers that are remembered as belonging to a link."""


class Local(Carrier):
    """A bus of its own, on this host alone."""

    def __init__(self) -> None:
        self._bus = Bus()

    def subscribe(self, pattern: str, deliver: Callable[[Message], None]) -> Callable[[], None]:
        """See `Carrier.subscribe`."""
        return self._bus.subscribe(pattern, deliver)

    def publish(self, message: Message) -> int:
        """See `Carrier.publish`."""
        return self._bus.publish(message)

    def inbox(self, deliver: Callable[[Message], None]) -> tuple[str, Callable[[], None]]:
        """See `Carrier.inbox`."""
        return self._bus.inbox(deliver)


class ComponentBus:
    """The host's bus as a component with bindings sees it; may be used from any thread."""

    def __init__(self, bus: Bus, bindings: Mapping[str, tuple[tuple[str, ...], Carrier]]) -> None:
        """`bindings` have the filters of each link under its label."""
        self._bus = bus
        self._bindings = dict(bindings)
        self._lock = threading.Lock()
        self._replies: OrderedDict[str, Carrier] = OrderedDict()

    def subscribe(self, pattern: str, deliver: Deliver) -> Callable[[], None]:
        """Give each message that fits the filter to `deliver`; call what comes back to end that."""
        carrier = self._carrier(pattern)
        if carrier is None:
            return self._bus.subscribe(pattern, deliver)

        def received(message: Message) -> None:
            if message.reply_to is not None:
                self._remember(message.reply_to, carrier)
            deliver(message)

        return carrier.subscribe(pattern, received)

    def publish(self, message: Message) -> int:
        """Send a message; raises `OSError` when its link has no connection."""
        with self._lock:
            carrier = self._replies.get(message.subject)
        carrier = carrier or self._carrier(message.subject)
        return self._bus.publish(message) if carrier is None else carrier.publish(message)

    def still(self) -> AbstractContextManager[object]:
        """See `Bus.still`; links go on."""
        return self._bus.still()

    def inbox(self, deliver: Deliver, of: str = "") -> tuple[str, Callable[[], None]]:
        """A new subject for answers to a message with the subject `of`, and how to end it."""
        carrier = self._carrier(of)
        return self._bus.inbox(deliver) if carrier is None else carrier.inbox(deliver)

    def _carrier(self, subject: str) -> Carrier | None:
        """The link that a subject, or a filter, is bound to."""
        for filters, carrier in self._bindings.values():
            if any(fits(pattern, subject) or pattern == subject for pattern in filters):
                return carrier
        return None

    def _remember(self, subject: str, carrier: Carrier) -> None:
        with self._lock:
            self._replies[subject] = carrier
            while len(self._replies) > MOST_REPLIES:
                self._replies.popitem(last=False)


def bus_for(bus: Bus | ComponentBus, labels: Labels, options: EdgeOptions | None) -> Bus | ComponentBus:
    """The bus of a component with these `options`; raises `RefusedError` for a link that this host does not have."""
    if options is None or not options.bindings or isinstance(bus, ComponentBus):
        return bus
    bindings: dict[str, tuple[tuple[str, ...], Carrier]] = {}
    for label, filters in options.bindings.items():
        carrier = labels.carrier(label)
        if carrier is None:
            raise RefusedError(Refusal.NO_SUCH_LABEL, f"{label}: no link for messages under that label here")
        bindings[label] = (filters, carrier)
    return ComponentBus(bus, bindings)
