"""Messages between the guests of a board and everybody else: other guests of the site, and the fleet.

Messages are not durable. What the board says goes out at once; what others say waits in a short queue for the serial
line, and is dropped, with a warning, when the line is too slow for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from edge_host.boards.client import SmpClient
from edge_host.boards.records import text
from edge_host.delivery import Publish
from edge_host.errors import BoardRefusedError
from edge_host.inbox import Inbox
from edge_host.messages import Bus, Message, is_answer
from wire import topics
from wire.errors import MalformedError
from wire.messages import GuestMessage
from wire.smp import Petiole

log = logging.getLogger(__name__)

QUEUE = 32


class Relay:
    """The messages of one board; `to_board` may be called from any thread, the rest belongs to the event loop's."""

    def __init__(self, device: str, bus: Bus, publish: Publish) -> None:
        self._device = device
        self._bus = bus
        self._publish = publish
        self._inbox = Inbox(self._put)
        self._waiting: asyncio.Queue[Message] = asyncio.Queue(QUEUE)
        self._dropped = 0
        self._attached = False
        bus.attach(device, lambda message, _origin: self.to_board(message))

    def to_board(self, message: Message) -> None:
        """Take a message for the guests of the board."""
        self._inbox.put(message)

    def from_board(self, body: Mapping[str, Any]) -> None:
        """Take a `message` event of the board; raises `MalformedError`."""
        data = body.get("data")
        if not isinstance(data, bytes):
            raise MalformedError(f"board: data of a message is {data!r}, not a byte string")
        message = GuestMessage(text(body, "sub"), data, text(body, "reply") or None)
        if not is_answer(message.subject):
            self._publish(self._device, topics.MESSAGE, message.encode())
        self._bus.publish(Message(message.subject, message.data, message.reply), origin=self._device)

    async def run(self, client: SmpClient) -> None:
        """Pass messages on to the attached board until cancelled; raises `BoardSilentError`."""
        self._attached = True
        try:
            while True:
                message = await self._waiting.get()
                try:
                    await client.write(Petiole.MESSAGE, _body(message))
                except BoardRefusedError as error:
                    log.warning("%s: message %s: %s", self._device, message.subject, error)
        finally:
            self._attached = False
            while not self._waiting.empty():
                self._waiting.get_nowait()

    def _put(self, message: Message) -> None:
        if not self._attached:
            return
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:
            self._dropped += 1
            log.warning(
                "%s: message %s is dropped, the line is busy (%d so far)", self._device, message.subject, self._dropped
            )


def _body(message: Message) -> dict[str, Any]:
    body: dict[str, Any] = {"sub": message.subject, "data": message.body}
    if message.reply_to is not None:
        body["reply"] = message.reply_to
    return body
