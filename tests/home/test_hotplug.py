"""Boards that come and go at USB ports: found by who they are, whatever the port is called."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import select
import signal
import threading
import tty
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from edge_host.agent import Agent
from edge_host.artifacts import private_folder
from edge_host.boards import finder as finder_module
from edge_host.boards.finder import Finder
from edge_host.boards.usb import UsbPort, is_board
from edge_host.config import Board, load
from edge_host.errors import ConfigError
from edge_host.lock import lock_port
from edge_host.outbox import EVENT, Outbox
from provisioning.errors import PortError
from provisioning.smp_client import SmpClient
from tests.home.conftest import config_text
from wire.messages import Event
from wire.smp import Decoder, Message, Op, Petiole, encode_frames

ESP = (0x303A, 0x1001)
BRIDGE = (0x10C4, 0xEA60)
ANSWERS: dict[int, dict[str, object]] = {
    Petiole.SUBSCRIBE: {"boot": 1, "seq": 0, "first": 1, "up": 1000},
    Petiole.WORKLOADS: {"workloads": []},
}


class Plugged:
    """A board behind a pseudo terminal: says its name to whoever asks; `unplug` hangs up."""

    def __init__(self, name: str | None, usb: tuple[int, int] = ESP, serial: str | None = None) -> None:
        """`name` None: never answers."""
        self.name = name
        self.asked = 0
        self._end, end = pty.openpty()
        tty.setraw(end)
        self.port = UsbPort(os.ttyname(end), *usb, serial)
        self._other_end = end
        self._gone = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        """Answer until unplugged; this thread alone closes its end, so that nobody else's file gets its number."""
        try:
            self._answer()
        finally:
            self._gone.wait()
            os.close(self._end)

    def _answer(self) -> None:
        decoder = Decoder()
        with suppress(OSError):
            while not self._gone.is_set():
                if not select.select([self._end], [], [], 0.02)[0]:
                    continue
                for frame in decoder.feed(os.read(self._end, 4096)):
                    request = Message.decode(frame)
                    self.asked += 1
                    if self.name is not None:
                        known = ANSWERS | {Petiole.FACTS: {"device": self.name}}
                        body = known.get(request.command, {})
                        op, sequence = Op(request.op + 1), request.sequence
                        answer = Message(op, request.group, request.command, sequence, body, request.version)
                        os.write(self._end, encode_frames(answer.encode()))

    def unplug(self) -> None:
        """Hang up; the reader of the line sees its end."""
        if not self._gone.is_set():
            os.close(self._other_end)
            self._gone.set()
            self._thread.join()


class Bench:
    """The USB ports of a machine."""

    def __init__(self) -> None:
        self.plugged: list[Plugged] = []

    def names(self) -> frozenset[str]:
        return frozenset(one.port.path for one in self.plugged)

    def list(self) -> list[UsbPort]:
        return [one.port for one in self.plugged]

    def plug(self, name: str | None, usb: tuple[int, int] = ESP, serial: str | None = None) -> Plugged:
        self.plugged.append(Plugged(name, usb, serial))
        return self.plugged[-1]

    def unplug(self, one: Plugged) -> None:
        self.plugged.remove(one)
        one.unplug()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finder_module, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(finder_module, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(finder_module, "AGAIN_SECONDS", (0.05,))


def board(name: str, usb: tuple[int, int] | None = None, serial: str | None = None, port: str | None = None) -> Board:
    return Board(name, port, 115_200, usb, serial)


class Looking:
    """A finder that runs, and what it tells."""

    def __init__(self, bench: Bench, boards: tuple[Board, ...]) -> None:
        self.told: list[str] = []
        self.finder = Finder(boards, "the test", lambda _, message: self.told.append(message), bench)

    async def find(self, name: str) -> finder_module.Attached:
        return await asyncio.wait_for(self.finder.find(name), 20)

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not true():  # noqa: ASYNC110 - what is awaited happens in a thread, too
                await asyncio.sleep(0.01)


@asynccontextmanager
async def looking(bench: Bench, *boards: Board) -> AsyncIterator[Looking]:
    one = Looking(bench, boards)
    task = asyncio.create_task(one.finder.run())
    try:
        yield one
    finally:
        task.cancel()
        await asyncio.wait([task])
        for plugged in bench.plugged:
            plugged.unplug()


def test_a_board_is_found_by_its_name_whatever_its_port() -> None:
    async def go() -> None:
        bench = Bench()
        async with looking(bench, board("board-1"), board("board-2")) as look:
            second, first = bench.plug("board-2"), bench.plug("board-1")
            found = [await look.find("board-1"), await look.find("board-2")]
            assert [one.port for one in found] == [first.port, second.port]
            assert look.told == []
            for one in found:
                one.close()

    asyncio.run(go())


def test_a_board_is_found_again_at_another_port() -> None:
    async def go() -> None:
        bench = Bench()
        async with looking(bench, board("board-1")) as look:
            old = bench.plug("board-1")
            found = await look.find("board-1")
            bench.unplug(old)
            found.close()
            new = bench.plug("board-1")
            again = await look.find("board-1")
            assert again.port == new.port
            again.close()

    asyncio.run(go())


def test_a_line_that_was_given_back_is_asked_anew() -> None:
    async def go() -> None:
        bench = Bench()
        async with looking(bench, board("board-1"), board("board-2")) as look:
            plugged = bench.plug("board-1")
            (await look.find("board-1")).close()
            plugged.name = "board-2"  # another board, so soon that the port never went away
            found = await look.find("board-2")
            assert found.port == plugged.port
            found.close()

    asyncio.run(go())


def test_foreign_boards_are_told_once_and_left_alone() -> None:
    async def go() -> None:
        bench = Bench()
        async with looking(bench, board("board-1")) as look:
            foreign = bench.plug("stranger", serial="abc")
            await look.until(lambda: look.told)
            asked = foreign.asked
            bench.plug("board-1")
            (await look.find("board-1")).close()
            await look.until(lambda: foreign.asked == asked)
            (told,) = look.told
            assert "board stranger at " in told
            assert "USB 303a:1001, serial number abc) is left alone: it is not of this configuration" in told
            lock_port(foreign.port.path, "anybody").release()

    asyncio.run(go())


def test_a_board_that_is_enrolled_later_is_found() -> None:
    async def go() -> None:
        bench = Bench()
        async with looking(bench, board("board-1")) as look:
            plugged = bench.plug("")
            await look.until(lambda: look.told)
            assert (
                f"it is not enrolled; enroll it with: petiole device enroll NAME --site SITE --port {plugged.port.path}"
                in (look.told[0])
            )
            plugged.name = "board-1"
            (await look.find("board-1")).close()

    asyncio.run(go())


def test_a_silent_port_is_asked_again_and_holds_nobody_up() -> None:
    async def go() -> None:
        bench = Bench()
        async with looking(bench, board("board-1"), board("board-2")) as look:
            silent = bench.plug(None)
            bench.plug("board-2")
            (await look.find("board-2")).close()
            await look.until(lambda: silent.asked)
            silent.name = "board-1"
            (await look.find("board-1")).close()
            assert look.told == []

    asyncio.run(go())


def test_a_second_board_of_one_name_waits_for_its_turn() -> None:
    async def go() -> None:
        bench = Bench()
        async with looking(bench, board("board-1")) as look:
            first = bench.plug("board-1")
            found = await look.find("board-1")
            twin = bench.plug("board-1")
            await look.until(lambda: look.told)
            assert f"a board of that name is at {first.port.path}" in look.told[0]
            bench.unplug(first)
            found.close()
            again = await look.find("board-1")
            assert again.port == twin.port
            again.close()

    asyncio.run(go())


def test_only_adapters_that_are_named_are_asked() -> None:
    async def go() -> None:
        bench = Bench()
        named = board("board-1", usb=BRIDGE, serial="right")
        async with looking(bench, named) as look:
            wrong, right = bench.plug("board-1", BRIDGE, "wrong"), bench.plug("board-1", BRIDGE, "right")
            found = await look.find("board-1")
            assert (found.port, wrong.asked) == (right.port, 0)
            found.close()
            assert not is_board(wrong.port)

    asyncio.run(go())


def test_a_board_at_a_port_that_its_table_rules_out_is_told() -> None:
    async def go() -> None:
        bench = Bench()
        async with looking(bench, board("board-1", serial="right")) as look:
            bench.plug("board-1", serial="wrong")
            await look.until(lambda: look.told)
            assert "names another USB id or serial number" in look.told[0]

    asyncio.run(go())


def test_fixed_ports_of_other_boards_are_not_asked() -> None:
    async def go() -> None:
        bench = Bench()
        fixed = bench.plug("board-2")
        async with looking(bench, board("board-1"), board("board-2", port=fixed.port.path)) as look:
            bench.plug("board-1")
            (await look.find("board-1")).close()
            assert fixed.asked == 0

    asyncio.run(go())


def test_a_port_that_another_program_uses_is_waited_for() -> None:
    async def go() -> None:
        bench = Bench()
        async with looking(bench, board("board-1")) as look:
            plugged = bench.plug("board-1")
            lock = lock_port(plugged.port.path, "a monitor")
            finding = asyncio.create_task(look.find("board-1"))
            await asyncio.sleep(0.1)
            assert plugged.asked == 0
            lock.release()
            (await finding).close()

    asyncio.run(go())


async def status_of(state: Path) -> dict[str, Any]:
    reader, writer = await asyncio.open_unix_connection(state / "agent.sock")
    writer.write(b'{"ask": "status"}\n')
    answer: dict[str, Any] = json.loads(await reader.readline())["answer"]
    writer.close()
    return answer


def test_an_agent_attaches_loses_and_finds_a_board_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    monkeypatch.setattr(finder_module, "KernelPorts", lambda: bench)
    file = tmp_path / "agent.toml"
    file.write_text(re.sub(r"\[mqtt\]\n.*\n", "", config_text('[[boards]]\nname = "board-1"\n')))
    config = load(file)
    private_folder(config.state)

    async def attached(wanted: Plugged | None) -> None:
        async with asyncio.timeout(20):
            while True:
                with suppress(OSError):
                    (board,) = (one for one in (await status_of(config.state))["members"] if one["kind"] == "board")
                    if (board["attached"], board["port"]) == (wanted is not None, wanted and wanted.port.path):
                        return
                await asyncio.sleep(0.02)

    async def go() -> None:
        running = asyncio.create_task(Agent(config).run())
        await attached(None)
        first = bench.plug("board-1")
        stranger = bench.plug("stranger")
        await attached(first)
        bench.unplug(first)
        await attached(None)
        second = bench.plug("board-1")
        await attached(second)
        assert stranger.asked == 1
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(running, 20)

    asyncio.run(go())
    outbox = Outbox(config.state / "outbox", config.outbox)
    batch = outbox.batch("board-1", EVENT, 0, 1 << 20, 100)
    assert batch is not None
    links = [event.level for event in map(Event.decode, batch.records) if event.kind == "link"]
    assert [level == "warn" for level in links] == [False, True, False, True]
    outbox.close()


def test_the_command_at_the_desk_keeps_to_the_lock_of_a_port() -> None:
    plugged = Plugged("board-1")
    lock = lock_port(plugged.port.path, "petiole agent edge-1")
    with pytest.raises(PortError, match=rf"in use by process {os.getpid()} \(petiole agent edge-1\)"):
        SmpClient(plugged.port.path)
    lock.release()
    with SmpClient(plugged.port.path) as client:
        assert client.facts()["device"] == "board-1"
        with pytest.raises(Exception, match=r"in use by .*a command at the desk"):
            lock_port(plugged.port.path, "petiole agent edge-1")
    lock_port(plugged.port.path, "petiole agent edge-1").release()
    plugged.unplug()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('usb = "303a"', "boards[0].usb: '303a' is not VID:PID"),
        ('usb = "x:y"', "boards[0].usb: 'x:y' is not VID:PID"),
        ('usb = "12345:1"', "is not VID:PID"),
        ('port = "/dev/ttyACM0"\nusb = "303a:1001"', "by its port or by usb and serial"),
    ],
)
def test_wrong_tables_are_named(tmp_path: Path, table: str, said: str) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(config_text(f'[[boards]]\nname = "board-1"\n{table}\n'))
    with pytest.raises(ConfigError) as caught:
        load(file)
    assert said in str(caught.value)


def test_boards_without_a_port_are_read(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(config_text('[[boards]]\nname = "a"\n[[boards]]\nname = "b"\nusb = "303A:1001"\nserial = "x"\n'))
    assert load(file).boards == (board("a"), board("b", ESP, "x"))
