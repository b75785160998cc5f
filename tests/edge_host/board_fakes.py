"""A board that is not there: a port that answers requests, and events as boards send them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from edge_host.boards.client import SmpClient
from edge_host.outbox import EVENT, Outbox
from wire.messages import Event
from wire.smp import Decoder, Message, Op, Petiole, encode_frames

Result = TypeVar("Result")


def event(seq: int, boot: int = 3, **fields: Any) -> dict[str, Any]:
    return {"boot": boot, "seq": seq, "up": seq, "kind": "log", "msg": str(seq), **fields}


def messages(outbox: Outbox) -> list[str | None]:
    outbox.sync()
    batch = outbox.batch("board", EVENT, 0, 1 << 20, 1 << 20)
    return [Event.decode(data).message for data in batch.records] if batch else []


class FakePort:
    """Answers each request through `answer`; nonsense comes first."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self._decoder = Decoder()
        self._out: asyncio.Queue[bytes] = asyncio.Queue()

    async def read(self) -> bytes:
        return await self._out.get()

    async def write(self, data: bytes) -> None:
        for message in self._decoder.feed(data):
            for answer in self._answer(Message.decode(message)):
                await self._out.put(b"boot: hello\r\n\x06\x09!!\n" + encode_frames(answer.encode()))

    def close(self) -> None:
        pass


def answer_to(request: Message, body: Mapping[str, Any], sequence: int | None = None) -> Message:
    number = request.sequence if sequence is None else sequence
    return Message(Op(request.op + 1), request.group, request.command, number, body, request.version)


class Asked:
    """A board that notes what it is asked and answers from a script: each answer once, the last again and again."""

    def __init__(self, **answers: list[Any]) -> None:
        self.answers = {Petiole[name.upper()]: given for name, given in answers.items()}
        self.requests: list[tuple[Petiole, Mapping[str, Any]]] = []
        self._wanted = 0
        self._enough: asyncio.Event | None = None

    def __call__(self, request: Message) -> list[Message]:
        command = Petiole(request.command)
        self.requests.append((command, request.body))
        if self._enough is not None and len(self.requests) >= self._wanted:
            self._enough.set()
        script = self.answers.get(command, [{}])
        answer = script.pop(0) if len(script) > 1 else script[0]
        body = answer(request.body) if callable(answer) else answer
        return [answer_to(request, body)]

    def run(self, work: Callable[[SmpClient], Awaitable[Result]]) -> Result:
        async def go() -> Result:
            client = SmpClient(FakePort(self), lambda _: None)
            reader = asyncio.create_task(client.run())
            try:
                return await work(client)
            finally:
                reader.cancel()

        return asyncio.run(go())

    async def asked(self, count: int) -> None:
        """Return after so many requests."""
        self._wanted = count
        self._enough = asyncio.Event()
        if len(self.requests) < count:
            await self._enough.wait()

    def commands(self) -> list[str]:
        return [command.name.lower() for command, _ in self.requests]
