"""Messages between guests: of this host, of the attached boards, and of the fleet.

Who is not a guest of this host is a **neighbour**: it gets every message that did not come from itself, and passes on
what its own guests publish. Messages are not durable: who does not listen misses them.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from wire.subjects import fits

log = logging.getLogger(__name__)

FLEET = "@fleet"
"""The neighbour behind which the fleet is; no device can have this name."""

INBOX = "_inbox."
"""Subjects that begin so carry the answers to requests; they are made by `Bus.inbox`."""


@dataclass(frozen=True)
class Message:
    """One message; `reply_to` is the subject that an answer goes to."""

    subject: str
    body: bytes
    reply_to: str | None = None


BOARD_INBOX = "_INBOX."
"""How the subjects begin that boards make for answers."""

Deliver = Callable[[Message], None]
"""Takes a message without waiting; called in the thread that publishes."""

Relay = Callable[[Message, str | None], None]
"""Like `Deliver`, with the neighbour that the message came from, None for a guest of this host."""


def is_answer(subject: str) -> bool:
    """Whether a message with this subject answers a request of a guest: nobody but that guest is to hear it."""
    return subject.startswith((INBOX, BOARD_INBOX))


class Bus:
    """Carries messages to subscriptions and neighbours; may be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._subscriptions: dict[int, tuple[str, Deliver]] = {}
        self._neighbours: dict[str, Relay] = {}
        self._numbers = itertools.count(1)

    def subscribe(self, pattern: str, deliver: Deliver) -> Callable[[], None]:
        """Give each message that fits the filter `pattern` to `deliver`; call what comes back to end that."""
        with self._lock:
            number = next(self._numbers)
            self._subscriptions[number] = (pattern, deliver)
        return lambda: self._forget(number)

    def inbox(self, deliver: Deliver, of: str = "") -> tuple[str, Callable[[], None]]:
        """A new subject for answers to a message with the subject `of`, and how to end it."""
        with self._lock:
            number = next(self._numbers)
            subject = f"{INBOX}{number}"
            self._subscriptions[number] = (subject, deliver)
        return subject, lambda: self._forget(number)

    def still(self) -> AbstractContextManager[object]:
        """Hold while subscriptions are changed that belong together: whoever publishes waits for the end."""
        return self._lock

    def attach(self, neighbour: str, relay: Relay) -> None:
        """Give every message that is not of `neighbour` itself to `relay`: a board by its name, or the fleet."""
        with self._lock:
            self._neighbours[neighbour] = relay

    def publish(self, message: Message, origin: str | None = None) -> int:
        """Carry a message of a guest here, or of the neighbour `origin`; gives how many guests of this host get it."""
        with self._lock:
            here = [deliver for pattern, deliver in self._subscriptions.values() if fits(pattern, message.subject)]
            there = [relay for name, relay in self._neighbours.items() if name != origin]
        for deliver in here:
            _safely(deliver, message)
        for relay in there:
            _safely(relay, message, origin)
        return len(here)

    def _forget(self, number: int) -> None:
        with self._lock:
            self._subscriptions.pop(number, None)


def _safely(receive: Callable[..., None], *arguments: Any) -> None:
    try:
        receive(*arguments)
    except Exception:
        log.exception("a receiver of messages failed")
