"""An attached board as a member of the site: attaches whenever the board is there, speaks for it to the fleet."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from edge_host.boards.finder import Finder
from edge_host.boards.port import Port, open_port
from edge_host.boards.relay import Relay
from edge_host.boards.session import Services, Session
from edge_host.boards.view import BoardView
from edge_host.config import Board
from edge_host.errors import BoardError
from edge_host.journal import Journal
from edge_host.messages import Message
from edge_host.outbox import EVENT, Position
from wire.errors import WireError
from wire.messages import EventKind, Reported, unix_ms

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0


class BoardMember:
    """See `edge_host.member.Member`."""

    def __init__(self, board: Board, view: BoardView, journal: Journal, services: Services, finder: Finder) -> None:
        """`finder` looks for the board when it has no port."""
        self.journal = journal
        self.view = view
        self._board = board
        self._finder = finder
        self.port = board.port
        self._services = services
        self._relay = Relay(board.name, services.bus, services.publish)
        self._session: Session | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Attach, now and whenever the board is there."""
        self._task = asyncio.create_task(self._keep_attached(), name=f"board {self._board.name}")

    async def stop(self) -> None:
        """Detach; what runs on the board goes on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def desired(self, message: bytes) -> None:
        """Take a `desired` message; raises `WireError` when it is none."""
        self.view.set_desired(message)
        if self._session is not None:
            self._session.desired_changed()

    def acknowledged(self, stream: str, position: Position) -> None:
        """The fleet has everything of `stream` up to `position`."""
        if stream == EVENT and self._session is not None:
            self._session.acknowledged(position)

    def reported(self) -> Reported | None:
        """What the board tells the fleet now; None while it does not answer."""
        if not self.view.attached:
            return None
        depth = self._services.outbox.depth(self._board.name)
        facts = {"kind": "board", **self.view.facts}
        return Reported(unix_ms(), self.view.desired.revision, self.view.report(), facts, depth)

    async def restart(self, workload: str) -> str | None:
        """Start a workload anew; gives what is wrong, or None."""
        if self._session is None or not self.view.attached:
            return self._silent()
        try:
            await self._session.restart(workload)
        except (BoardError, WireError) as error:
            return str(error)
        return None

    def message(self, message: Message) -> None:
        """Take a message of the fleet for the guests of the board."""
        self._relay.to_board(message)

    async def ping(self) -> tuple[dict[str, Any], str | None]:
        """Whether the board answers."""
        if self._session is None or not self.view.attached:
            return {}, self._silent()
        try:
            await self._session.ping()
        except (BoardError, WireError) as error:
            return {}, str(error)
        return {"time": unix_ms(), "up": self.view.facts.get("up")}, None

    def _silent(self) -> str:
        if self.port is None:
            return f"board {self._board.name} is at no USB port of this machine"
        return f"board {self._board.name} does not answer on {self.port}"

    @property
    def digests(self) -> set[bytes]:
        """The payloads and patches that may be needed for the board."""
        wanted = self.view.desired.workloads
        return {one.digest for one in wanted} | {offer.digest for one in wanted for offer in one.deltas or ()}

    async def _keep_attached(self) -> None:
        pause = FIRST_PAUSE
        told = ""
        while True:
            attached = False
            try:
                await self._attach()
            except* (BoardError, WireError) as group:
                error = group.exceptions[0]
                attached = self.view.attached
                if attached or str(error) != told:
                    told = str(error)
                    log.warning("%s: %s; trying on", self._board.name, error)
            except* Exception as group:
                log.exception("%s: detached by a mistake of the agent", self._board.name, exc_info=group)
            finally:
                self._session = None
                if self.view.attached:
                    self.view.attached = False
                    self.journal.event(EventKind.LINK, level="warn", message=f"lost: {told}")
            pause = FIRST_PAUSE if attached else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def _attach(self) -> None:
        if self._board.port is not None:
            with contextlib.closing(await open_port(self._board.port, self._board.baud)) as line:
                await self._serve(line)
            return
        with contextlib.closing(await self._finder.find(self._board.name)) as found:
            self.port = found.port.path
            try:
                await self._serve(found.line)
            finally:
                self.port = None

    async def _serve(self, line: Port) -> None:
        self._session = Session(line, self.view, self.journal, self._services, self._relay)
        await self._session.run()
