"""Finds boards by what they say of themselves, wherever they are plugged in.

Every USB serial port that can be a board is locked, opened and asked for its facts. A board of the configuration is
handed over with its open line; any other is told once and left alone until it is plugged in again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from edge_host.boards.client import SmpClient
from edge_host.boards.port import Port, open_port
from edge_host.boards.records import text
from edge_host.boards.usb import KernelPorts, UsbPort, UsbPorts, is_board
from edge_host.config import Board
from edge_host.errors import BoardError, BusyError
from edge_host.lock import Lock, lock_port
from wire.errors import WireError
from wire.smp import Petiole

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
ANSWER_SECONDS = 1.0
TRIES = 3
AGAIN_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""After these a port is asked again that did not answer, or whose board is not enrolled."""

Tell = Callable[[str, str], None]
"""Takes a level and a message for people."""


@dataclass
class Attached:
    """A board's open line; `close` gives it back, so that the port is asked anew."""

    port: UsbPort
    line: Port
    lock: Lock
    closed: Callable[[], None]

    def close(self) -> None:
        """Close the line."""
        self.line.close()
        self.lock.release()
        self.closed()


@dataclass
class _Seen:
    """A port that is there."""

    port: UsbPort
    asked: int = 0
    next_at: float = 0.0
    settled: bool = False
    name: str = ""
    told: set[str] = field(default_factory=set)
    task: asyncio.Task[None] | None = None


class Finder:
    """Looks for the boards without a port; belongs to the event loop's thread."""

    def __init__(self, boards: Iterable[Board], owner: str, tell: Tell, ports: UsbPorts | None = None) -> None:
        boards = tuple(boards)
        self._boards = {board.name: board for board in boards if board.port is None}
        self._fixed = {os.path.realpath(board.port) for board in boards if board.port is not None}
        self._owner = owner
        self._tell = tell
        self._ports = ports or KernelPorts()
        self._waiting: dict[str, asyncio.Future[Attached]] = {}
        self._seen: dict[str, _Seen] = {}
        self._attached: dict[str, str] = {}
        self._names: frozenset[str] | None = None

    async def find(self, board: str) -> Attached:
        """The line of this board, as soon as it is there."""
        found: asyncio.Future[Attached] = asyncio.get_running_loop().create_future()
        self._waiting[board] = found
        try:
            return await found
        except asyncio.CancelledError:
            if found.done() and not found.cancelled():
                found.result().close()
            raise
        finally:
            self._waiting.pop(board, None)

    async def run(self) -> None:
        """Look until cancelled; returns at once where every board has a port."""
        try:
            while self._boards:
                now = self._ports.names()
                if now != self._names:
                    self._names = now
                    self._update({port.path: port for port in self._ports.list()})
                self._ask_due()
                await asyncio.sleep(POLL_SECONDS)
        finally:
            for seen in self._seen.values():
                if seen.task is not None:
                    seen.task.cancel()

    def _update(self, there: dict[str, UsbPort]) -> None:
        for path, seen in list(self._seen.items()):
            if there.get(path) != seen.port:
                if seen.task is not None:
                    seen.task.cancel()
                del self._seen[path]
        for path, port in there.items():
            fits = is_board(port) or any(_fits(board, port) for board in self._boards.values())
            if path not in self._seen and fits and os.path.realpath(path) not in self._fixed:
                self._seen[path] = _Seen(port)

    def _ask_due(self) -> None:
        now = asyncio.get_running_loop().time()
        for seen in self._seen.values():
            if seen.task is None and not seen.settled and now >= seen.next_at:
                seen.task = asyncio.create_task(self._ask(seen), name=f"ask {seen.port.path}")

    async def _ask(self, seen: _Seen) -> None:
        pause = AGAIN_SECONDS[min(seen.asked, len(AGAIN_SECONDS) - 1)]
        seen.asked += 1
        try:
            await self._ask_once(seen)
        except (BoardError, BusyError, WireError) as error:
            if str(error) not in seen.told:
                seen.told.add(str(error))
                log.warning("%s: %s; it is asked again", seen.port, error)
        except Exception:
            log.exception("%s: a mistake of the agent", seen.port)
        finally:
            seen.task = None
            seen.next_at = asyncio.get_running_loop().time() + pause

    async def _ask_once(self, seen: _Seen) -> None:
        port = seen.port
        baud = next((board.baud for board in self._boards.values() if _fits(board, port)), 115_200)
        lock = lock_port(port.path, self._owner)
        line: Port | None = None
        handed_over = False
        try:
            line = await open_port(port.path, baud)
            name = seen.name = await _name(line)
            waiting = self._waiting.get(name)
            if waiting is not None and not waiting.done() and _fits(self._boards[name], port, by_name=True):
                seen.settled = handed_over = True
                self._attached[name] = port.path
                waiting.set_result(Attached(port, line, lock, lambda: self._given_back(name)))
            else:
                self._leave_alone(seen, name)
        finally:
            if not handed_over:
                if line is not None:
                    line.close()
                lock.release()

    def _leave_alone(self, seen: _Seen, name: str) -> None:
        port = seen.port.path
        if not name:
            problem = f"it is not enrolled; enroll it with: petiole device enroll NAME --site SITE --port {port}"
        elif name in self._attached:
            problem = f"a board of that name is at {self._attached[name]}"
        elif name not in self._boards:
            problem = f'it is not of this configuration; add [[boards]] name = "{name}", or plug it in elsewhere'
        elif not _fits(self._boards[name], seen.port, by_name=True):
            problem = "its table in the configuration names another USB id or serial number"
        else:
            seen.asked = 0
            return
        seen.settled = bool(name)
        message = f"board {name or 'without a name'} at {seen.port} is left alone: {problem}"
        if message not in seen.told:
            seen.told.add(message)
            self._tell("warn", message)

    def _given_back(self, name: str) -> None:
        self._attached.pop(name, None)
        self._names = None
        for one in self._seen.values():  # a second board of that name may have its turn
            if one.name == name:
                one.settled, one.asked, one.next_at = False, 0, 0.0


def _fits(board: Board, port: UsbPort, *, by_name: bool = False) -> bool:
    """Whether the board's table allows the port; `by_name` without numbers: wherever it says it is."""
    if board.usb is None and board.serial is None:
        return by_name
    return board.usb in (None, port.id) and board.serial in (None, port.serial)


async def _name(line: Port) -> str:
    """What the board at the line calls itself, empty when it is not enrolled; raises `BoardError`."""
    client = SmpClient(line, lambda _: None)
    reading = asyncio.create_task(client.run())
    try:
        return text(await client.read(Petiole.FACTS, seconds=ANSWER_SECONDS, tries=TRIES), "device")
    finally:
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError, BoardError):
            await reading
