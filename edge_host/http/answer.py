"""Where the answer of a guest, made in a thread, meets the event loop that waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from edge_host.http.model import HttpError, IncomingRequest, OutgoingResponse, ResponseOut
from edge_host.interfaces.adapter import ResourceNumber, new_handle
from edge_host.interfaces.context import GuestContext
from edge_host.interfaces.http_types import new_request
from edge_host.streams import IoError


class Answer:
    """The answer to one request."""

    def __init__(self, request: IncomingRequest) -> None:
        self._loop = asyncio.get_running_loop()
        self._request = request
        self._is_given_up = False
        self.given: asyncio.Future[OutgoingResponse | HttpError] = self._loop.create_future()

    def prepare(self, context: GuestContext) -> tuple[Any, ...]:
        """The arguments of ``incoming-handler.handle``; in the guest's thread."""
        out = new_handle(context, ResourceNumber.RESPONSE_OUT, ResponseOut(self._answer))
        return new_request(context, self._request), out

    def give_up(self) -> None:
        """Nobody waits for it any more: who writes it finds a closed stream."""
        self._is_given_up = True
        if self.given.done():
            if not self.given.cancelled():
                _close(self.given.result())
        else:
            self.given.cancel()

    def _answer(self, answer: OutgoingResponse | HttpError) -> None:
        with suppress(RuntimeError):  # the loop has ended, and whoever waited with it
            self._loop.call_soon_threadsafe(self._take, answer)

    def _take(self, answer: OutgoingResponse | HttpError) -> None:
        if self._is_given_up or self.given.done():
            _close(answer)
        else:
            self.given.set_result(answer)


def soon(event: asyncio.Event) -> Callable[[], None]:
    """Sets `event`, from any thread, in the loop that is running now."""
    loop = asyncio.get_running_loop()

    def tell() -> None:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(event.set)

    return tell


def _close(answer: OutgoingResponse | HttpError) -> None:
    if isinstance(answer, OutgoingResponse) and answer.body is not None:
        answer.body.pipe.fail(IoError("the connection ended", http_code="connection-terminated"))
