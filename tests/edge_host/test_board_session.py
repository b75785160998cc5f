"""What a board is told of its events: measurements when they are kept, events when a power cut cannot take them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from edge_host.boards import session as module
from edge_host.boards.relay import Relay
from edge_host.boards.session import Services, Session
from edge_host.boards.view import BoardView
from edge_host.errors import OutboxFullError
from edge_host.journal import Journal
from edge_host.messages import Bus
from edge_host.outbox import EVENT, TELEMETRY, Outbox
from edge_host.state import StateStore
from tests.edge_host.board_fakes import FakePort, answer_to, event
from wire import senml
from wire.messages import Event
from wire.smp import Group, Message, Op, Petiole, encode_frames

BOOT = 3
Story = Callable[["Attached"], Awaitable[None]]


class Board(FakePort):
    """Keeps its events until it is told that it need not; `syncs` has how often the outbox was synchronised by then."""

    def __init__(self, outbox: Outbox) -> None:
        super().__init__(self._answered)
        self._outbox = outbox
        self.held: dict[int, dict[str, Any]] = {}
        self.newest = 0
        self.listens = True
        self.told = asyncio.Event()
        self.syncs = 0

    def happen(self, **fields: Any) -> None:
        self.newest += 1
        self.held[self.newest] = event(self.newest, BOOT, **fields)
        message = Message(Op.WRITE, Group.PETIOLE, Petiole.EVENT, 0, self.held[self.newest])
        self._out.put_nowait(encode_frames(message.encode()))

    def measure(self, value: float) -> None:
        self.happen(kind="telemetry", wl="w", n="t", u="Cel", v=value)

    def _answered(self, request: Message) -> list[Message]:
        if not self.listens:
            return []
        if request.command == Petiole.WORKLOADS:
            return [answer_to(request, {"workloads": []})]
        if request.command != Petiole.SUBSCRIBE:
            return [answer_to(request, {})]
        boot, seq = request.body.get("ack", (BOOT, 0))
        assert boot == BOOT
        self.held = {at: body for at, body in self.held.items() if at > seq}
        self.syncs = self._outbox.statistics().syncs
        self.told.set()
        first = min(self.held, default=self.newest + 1)
        return [answer_to(request, {"boot": BOOT, "seq": self.newest, "first": first, "up": 1000})]

    async def knows(self) -> None:
        """Return when it was told of everything."""
        while self.held:
            self.told.clear()
            await asyncio.wait_for(self.told.wait(), 30)


class Waked:
    """In the place of the delivery."""

    def __init__(self) -> None:
        self.event = asyncio.Event()

    def wake(self) -> None:
        self.event.set()


class Attached:
    """A board at a session, and the outbox behind it."""

    def __init__(self, outbox: Outbox, folder: Path) -> None:
        self.outbox = outbox
        self.board = Board(outbox)
        self.waked = Waked()
        bus = Bus()
        journal = Journal("board", outbox, lambda: None)
        view = BoardView("board", StateStore(folder / "state.db"), journal, lambda: None)
        publish = lambda *_: True  # noqa: E731
        services = Services(outbox, self.waked, None, bus, publish)  # type: ignore[arg-type]
        self.session = Session(self.board, view, journal, services, Relay("board", bus, publish))

    def sent(self, stream: str) -> list[object]:
        """What would go to the fleet now."""
        batch = self.outbox.batch("board", stream, 0, 1 << 20, 100)
        records = batch.records if batch is not None else ()
        if stream == TELEMETRY:
            return [senml.decode(record)[0].value for record in records]
        return [decoded.message for decoded in map(Event.decode, records) if decoded.message != "attached"]

    async def are_sent(self, stream: str, count: int) -> list[object]:
        """Return when so many would go to the fleet."""
        while len(found := self.sent(stream)) < count:
            self.waked.event.clear()
            await asyncio.wait_for(self.waked.event.wait(), 30)
        return found


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Story], None]:
    """Plays a story with an attached board."""
    monkeypatch.setattr(module, "GATHER_SECONDS", 0.001)

    def run(story: Story) -> None:
        async def attached() -> None:
            outbox = Outbox(tmp_path / "outbox")
            made = Attached(outbox, tmp_path)
            task = asyncio.create_task(made.session.run())
            try:
                await made.board.told.wait()
                made.board.happen(kind="link", msg="first")
                await made.board.knows()
                await story(made)
            finally:
                task.cancel()
                await asyncio.wait([task])
                outbox.close()

        asyncio.run(attached())

    return run


def test_measurements_cost_no_synchronisation_and_go_to_the_fleet(play: Callable[[Story], None]) -> None:
    async def story(made: Attached) -> None:
        before = made.outbox.statistics().syncs
        for value in range(20):
            made.board.measure(float(value))
            await made.board.knows()
        assert await made.are_sent(TELEMETRY, 20) == [float(value) for value in range(20)]
        made.board.happen(kind="log", lvl=2, msg="a line")
        await made.board.knows()
        assert made.outbox.statistics().syncs == before

    play(story)


def test_an_event_is_safe_before_the_board_forgets_it(play: Callable[[Story], None]) -> None:
    async def story(made: Attached) -> None:
        before = made.outbox.statistics().syncs
        made.board.measure(1.0)
        made.board.happen(kind="limit", wl="w", comp="main", n="messages", v=10)
        await made.board.knows()
        assert made.board.syncs == before + 1

    play(story)


def test_what_the_board_may_send_again_does_not_go_out_yet(play: Callable[[Story], None]) -> None:
    """Until it is told, or the disk knows: after a power cut it would go out once more."""

    async def story(made: Attached) -> None:
        made.board.listens = False
        made.board.measure(1.0)
        while made.outbox.depth("board").telemetry == 0:  # noqa: ASYNC110 nobody tells
            await asyncio.sleep(0.001)
        assert made.sent(TELEMETRY) == []
        made.board.listens = True
        await made.board.knows()
        assert await made.are_sent(TELEMETRY, 1) == [1.0]

    play(story)


def test_what_a_board_was_not_told_before_it_went_is_made_safe(tmp_path: Path) -> None:
    async def run() -> None:
        outbox = Outbox(tmp_path / "outbox")
        made = Attached(outbox, tmp_path)
        task = asyncio.create_task(made.session.run())
        await made.board.told.wait()
        made.board.measure(0.0)
        await made.board.knows()
        before = outbox.statistics().syncs
        made.board.listens = False
        made.board.measure(1.0)
        while outbox.depth("board").telemetry < 2:  # noqa: ASYNC110 nobody tells
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.wait([task])
        assert made.sent(TELEMETRY) == [0.0, 1.0]
        assert outbox.statistics().syncs == before + 1
        outbox.close()

    asyncio.run(run())


def test_a_full_disk_leaves_events_on_the_board(play: Callable[[Story], None], monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(made: Attached) -> None:
        real = made.outbox.sync
        refused = asyncio.Event()
        loop = asyncio.get_running_loop()

        def full() -> None:
            loop.call_soon_threadsafe(refused.set)
            raise OutboxFullError("the disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(made.outbox, "sync", full)
            patch.setattr(module, "RENEW_SECONDS", 0.01)
            made.board.happen(kind="link", msg="second")
            await asyncio.wait_for(refused.wait(), 30)
            assert list(made.board.held) == [2]
            assert made.sent(EVENT) == ["first"]
            patch.setattr(made.outbox, "sync", real)
            await made.board.knows()
        assert made.sent(EVENT) == ["first", "second"]

    play(story)
