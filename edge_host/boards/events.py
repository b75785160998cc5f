"""Takes the events of one start of a board, in order and each once, into the outbox."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from edge_host.boards.records import Lease, number, record
from edge_host.errors import BoardSilentError, OutboxFullError
from edge_host.outbox import EVENT, Outbox, Position
from wire.errors import MalformedError, WireError
from wire.messages import EventKind, unix_ms

log = logging.getLogger(__name__)

MOST_EARLY = 256
"""Events held back; a board sends again what is lost here."""


class EventIntake:
    """`stored` is the last event that is kept here; its streams had come to `positions` by then.

    The board may forget those up to it when the outbox is synchronised, where `urgent` says so; what else came is as
    safe as measurements and log lines of this host are.
    """

    def __init__(
        self,
        device: str,
        outbox: Outbox,
        on_stored: Callable[[str], None],
        on_message: Callable[[Mapping[str, Any]], None] = lambda _body: None,
    ) -> None:
        """`on_stored` gets the kind of each event that was stored; `on_message` the messages, which are not stored."""
        self._device = device
        self._outbox = outbox
        self._on_stored = on_stored
        self._on_message = on_message
        self._start_ms = 0
        self._early: dict[int, Mapping[str, Any]] = {}
        self.boot: int | None = None
        self.stored = 0
        self.positions: dict[str, Position] = {}
        self.urgent = False

    def leased(self, lease: Lease) -> None:
        """Take the answer to `subscribe`; raises `BoardSilentError` when the board was restarted meanwhile."""
        if self.boot is not None and self.boot != lease.boot:
            raise BoardSilentError(f"the board was restarted (start {lease.boot} after {self.boot})")
        stored = self._outbox.source(self._device, lease.boot)
        self.urgent |= self.boot is None
        if self.boot is None and lease.newest < stored:
            stored = 0  # an erased board counts its starts anew; later leases may be older than events that came since
        stored = max(stored, lease.first - 1)
        self._outbox.set_source(self._device, lease.boot, stored)
        self.boot, self.stored = lease.boot, stored
        self._start_ms = unix_ms() - lease.up
        self._store_in_order()

    def take(self, body: Mapping[str, Any]) -> None:
        """Take an event; one that comes before its turn, or before the first lease, is held back."""
        try:
            boot, seq = number(body, "boot"), number(body, "seq")
        except MalformedError as error:
            log.warning("%s: an event is ignored: %s", self._device, error)
            return
        if self.boot not in (None, boot):
            return
        if seq > self.stored and len(self._early) < MOST_EARLY:
            self._early[seq] = body
        if self.boot is not None:
            self._store_in_order()
            self._on_stored(str(body.get("kind")))

    def _store_in_order(self) -> None:
        while self.boot is not None and (body := self._early.pop(self.stored + 1, None)) is not None:
            if body.get("boot") != self.boot:
                continue
            before = self.stored
            self._store(self.boot, before + 1, body)
            if self.stored == before:
                return

    def _store(self, boot: int, seq: int, body: Mapping[str, Any]) -> None:
        try:
            if body.get("kind") == EventKind.MESSAGE:
                self._outbox.set_source(self._device, boot, seq)
                self.stored = seq
                self._on_message(body)
                return
            stream, data = record(self._device, body, self._start_ms + number(body, "up"))
            position = self._outbox.append_from_board(self._device, boot, seq, stream, data)
            if position is not None:
                self.positions[stream] = position
            self.urgent |= stream == EVENT and body.get("kind") != EventKind.LOG
        except WireError as error:
            log.warning("%s: event %d is left out: %s", self._device, seq, error)
            self._outbox.set_source(self._device, boot, seq)
        except OutboxFullError as error:
            log.warning("%s: event %d waits on the board: %s", self._device, seq, error)
            return
        self.stored = seq
