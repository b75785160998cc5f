"""What the agent does for an attached board: patches, time, rotations of anchors, messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from edge_host.boards.anchors import pass_on
from edge_host.boards.client import SmpClient
from edge_host.boards.clock import set_time
from edge_host.boards.install import Installation
from edge_host.boards.relay import QUEUE, Relay
from edge_host.boards.view import BoardView
from edge_host.errors import BoardRefusedError
from edge_host.journal import Journal
from edge_host.messages import Bus
from edge_host.messages import Message as Sent
from edge_host.outbox import EVENT, Outbox
from edge_host.state import StateStore
from tests.edge_host.board_fakes import Asked
from wire import cose, rotation
from wire.errors import MalformedError
from wire.messages import DeltaOffer, Desired, DesiredWorkload, Event, GuestMessage, unix_ms
from wire.refusals import Refusal
from wire.smp import Petiole


def error(refusal: Refusal) -> dict[str, Any]:
    return {"err": {"group": 64, "rc": int(refusal)}, "rsn": refusal.label}


def test_the_time_is_told_with_half_of_the_way() -> None:
    board = Asked()
    board.run(set_time)
    (_, first), (_, second) = board.requests
    assert board.commands() == ["time", "time"]
    now = unix_ms()
    assert now - 10_000 < first["unix"] <= now
    assert first["unix"] <= second["unix"] <= now + 5_000
    assert second["unc"] >= first["unc"] >= 0


CODE, PATCH = b"c" * 5_000, b"p" * 300
WANTED = DesiredWorkload(
    *("w", b"r" * 32, b"envelope", b"d" * 32, len(CODE)), (DeltaOffer(b"b" * 32, b"x" * 32, len(PATCH)),)
)


class Files:
    """In place of downloads: the code and the patch are there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def fetch(self, _device: str, digest: bytes, _size: int, _progress: object) -> Path:
        path = self._folder / digest.hex()
        path.write_bytes(PATCH if digest == b"x" * 32 else CODE)
        return path


def taken(total: int) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """The answer to a block of `total` bytes."""

    def answer(body: Mapping[str, Any]) -> Mapping[str, Any]:
        end = body["off"] + len(body["data"])
        return {"off": end, "state": "staged"} if end == total else {"off": end}

    return answer


def installed(board: Asked, folder: Path, wanted: DesiredWorkload = WANTED) -> None:
    files: Any = Files(folder)
    board.run(lambda client: Installation(client, "board", wanted, files, lambda *_: None).run())


ASKED_FOR = {"name": "w", "state": "verified", "next": 0, "size": len(CODE)}


def test_a_patch_goes_in_place_of_the_code(tmp_path: Path) -> None:
    board = Asked(envelope=[ASKED_FOR], delta=[taken(len(PATCH))])
    installed(board, tmp_path)
    assert board.commands() == ["envelope", "delta", "activate"]
    assert board.requests[1][1] == {"off": 0, "len": len(PATCH), "data": PATCH}


@pytest.mark.parametrize("refusal", [Refusal.WRONG_STATE, Refusal.DIGEST_MISMATCH, Refusal.UNSUPPORTED])
def test_a_patch_that_the_board_cannot_use_makes_way_for_the_code(tmp_path: Path, refusal: Refusal) -> None:
    board = Asked(envelope=[ASKED_FOR], delta=[error(refusal)], payload=[taken(len(CODE))])
    installed(board, tmp_path)
    assert board.commands() == ["envelope", "delta", "envelope", "payload", "payload", "payload", "activate"]
    assert b"".join(body["data"] for command, body in board.requests if command == Petiole.PAYLOAD) == CODE


def test_a_patch_that_fails_for_good_ends_the_installation(tmp_path: Path) -> None:
    board = Asked(envelope=[ASKED_FOR], delta=[error(Refusal.FLASH)])
    with pytest.raises(BoardRefusedError, match="flash"):
        installed(board, tmp_path)


def test_a_patch_larger_than_the_rest_of_the_code_is_left_out(tmp_path: Path) -> None:
    board = Asked(envelope=[ASKED_FOR | {"next": len(CODE) - 100}], payload=[taken(len(CODE))])
    installed(board, tmp_path)
    assert board.commands() == ["envelope", "payload", "activate"]


def test_code_that_the_board_has_is_not_sent(tmp_path: Path) -> None:
    board = Asked(envelope=[ASKED_FOR | {"next": len(CODE), "state": "staged"}])
    installed(board, tmp_path)
    assert board.commands() == ["envelope", "activate"]


def test_a_board_that_has_the_release_is_left_alone(tmp_path: Path) -> None:
    board = Asked(envelope=[ASKED_FOR | {"next": len(CODE), "state": "confirmed"}])
    installed(board, tmp_path)
    assert board.commands() == ["envelope"]


ROTATION = rotation.make([cose.public_key(b"n" * 32)], 5, b"o" * 32)


@pytest.mark.parametrize(
    ("has", "answer", "said"),
    [
        ([b"other"], {}, ["link"]),
        ([cose.kid(cose.public_key(b"n" * 32))], {}, []),
        ([b"other"], error(Refusal.OLD_SEQUENCE), ["refused"]),
    ],
)
def test_a_rotation_is_passed_on_once(tmp_path: Path, has: list[bytes], answer: Any, said: list[str]) -> None:
    taken_over = said == ["link"]
    outbox, store = Outbox(tmp_path / "outbox"), StateStore(tmp_path / "state.db")
    journal = Journal("board", outbox, lambda: None)
    view = BoardView("board", store, journal, lambda: None)
    view.set_desired(Desired(1, (), ROTATION).encode())
    view.facts = {"anchors": has}
    board = Asked(anchors=[answer])
    assert board.run(lambda client: pass_on(client, view, journal)) is taken_over
    if not taken_over:
        assert not board.run(lambda client: pass_on(client, view, journal))
    assert [body for _, body in board.requests] == [{"msg": ROTATION}] * len(said)
    batch = outbox.batch("board", EVENT, 0, 1 << 20, 1 << 20)
    assert [Event.decode(data).kind for data in batch.records] if batch else said == []


def test_messages_wait_for_the_line_and_the_board_says_its_own() -> None:
    board = Asked(message=[{"taken": 1}])
    published: list[tuple[str, str, GuestMessage]] = []
    here: list[Sent] = []

    async def work(client: SmpClient) -> None:
        bus = Bus()
        bus.subscribe("a.>", here.append)

        def publish(device: str, kind: str, data: bytes) -> bool:
            published.append((device, kind, GuestMessage.decode(data)))
            return True

        relay = Relay("board", bus, publish)
        bus.publish(Sent("a.early", b""))
        await asyncio.sleep(0)
        running = asyncio.create_task(relay.run(client))
        await asyncio.sleep(0)
        bus.publish(Sent("a.x", b"1", "answer"))
        for number in range(2 * QUEUE):
            relay.to_board(Sent(f"n.{number}", b""))
        relay.from_board({"sub": "a.own", "data": b"2"})
        await asyncio.wait_for(board.asked(QUEUE), 10)
        running.cancel()

    board.run(work)
    assert board.requests[0][1] == {"sub": "a.x", "data": b"1", "reply": "answer"}
    assert len(board.requests) == QUEUE
    assert published == [("board", "message", GuestMessage("a.own", b"2"))]
    assert [message.subject for message in here] == ["a.early", "a.x", "a.own"]


@pytest.mark.parametrize(
    "body",
    [{}, {"sub": "a", "data": "x"}, {"sub": "a..b", "data": b""}, {"sub": "a", "data": b"x" * 1025}],
)
def test_what_is_no_message_of_a_board(body: Mapping[str, Any]) -> None:
    async def work() -> None:
        Relay("board", Bus(), lambda *_: True).from_board(body)

    with pytest.raises(MalformedError):
        asyncio.run(work())
