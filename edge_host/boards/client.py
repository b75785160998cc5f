"""SMP requests to one board, and the events it sends while a lease runs (formats, section 8)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from edge_host.boards.port import Port
from edge_host.errors import BoardRefusedError, BoardSilentError
from wire.errors import SmpError, WireError
from wire.refusals import Refusal
from wire.smp import Decoder, Group, Message, Op, Petiole, encode_frames

log = logging.getLogger(__name__)

ANSWER_SECONDS = 5.0
TRIES = 3

Body = Mapping[str, Any]
Request = Body | Callable[[], Body]
"""What is asked; made right before it is sent where that matters."""


class SmpClient:
    """One request at a time over an open port; `run` must run beside the requests.

    `bytes_sent` counts what went over the line to the board, frames and repetitions included.
    """

    def __init__(self, port: Port, on_event: Callable[[Body], None]) -> None:
        self._port = port
        self._on_event = on_event
        self._decoder = Decoder()
        self._one_at_a_time = asyncio.Lock()
        self._sequence = 0
        self.bytes_sent = 0
        self._request: Message | None = None
        self._answer: asyncio.Future[Message] | None = None

    async def run(self) -> None:
        """Take what the board sends until the port closes, which raises `BoardSilentError`."""
        while True:
            for data in self._decoder.feed(await self._port.read()):
                try:
                    self._take(Message.decode(data))
                except WireError as error:
                    log.warning("a message of the board is ignored: %s", error)

    async def read(self, command: Petiole, *, seconds: float = ANSWER_SECONDS, tries: int = TRIES) -> Body:
        """Ask for something; see `write`."""
        return await self._ask(Op.READ, command, {}, seconds, tries)

    async def write(
        self, command: Petiole, body: Request, *, seconds: float = ANSWER_SECONDS, tries: int = TRIES
    ) -> Body:
        """The answer to a request of our group.

        Raises `BoardSilentError` when none of `tries` requests is answered in time, `BoardRefusedError` for an error.
        """
        return await self._ask(Op.WRITE, command, body, seconds, tries)

    async def _ask(self, op: Op, command: Petiole, body: Request, seconds: float, tries: int) -> Body:
        async with self._one_at_a_time:
            for _ in range(tries):
                answer = await self._exchange(op, command, body() if callable(body) else body, seconds)
                if answer is not None:
                    break
            else:
                raise BoardSilentError(f"no answer to {command.name.lower()} in {tries} times {seconds:g} s")
        try:
            answer.raise_for_error()
        except SmpError as error:
            raise _refused(error) from None
        return answer.body

    async def _exchange(self, op: Op, command: Petiole, body: Body, seconds: float) -> Message | None:
        self._sequence = (self._sequence + 1) % 256
        self._request = Message(op, Group.PETIOLE, command, self._sequence, body)
        self._answer = asyncio.get_running_loop().create_future()
        try:
            frames = encode_frames(self._request.encode())
            self.bytes_sent += len(frames)
            await self._port.write(frames)
            async with asyncio.timeout(seconds):
                return await self._answer
        except TimeoutError:
            return None
        finally:
            self._request = self._answer = None

    def _take(self, message: Message) -> None:
        if (message.op, message.group, message.command) == (Op.WRITE, Group.PETIOLE, Petiole.EVENT):
            self._on_event(message.body)
        elif self._request is None or self._answer is None or self._answer.done():
            return
        elif message.is_answer_to(self._request):
            self._answer.set_result(message)


def _refused(error: SmpError) -> BoardRefusedError:
    if error.group == Group.PETIOLE and error.rc in list(Refusal):
        label = Refusal(error.rc).label
        return BoardRefusedError(label, error.reason.removeprefix(label).removeprefix(": "))
    return BoardRefusedError(Refusal.INTERNAL.label, f"SMP group {error.group}, error {error.rc}: {error.reason}")
