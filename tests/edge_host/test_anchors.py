"""Trust anchors of an edge host: those of its enrollment, then those of the last rotation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_host.anchors import Anchors
from edge_host.journal import Journal
from edge_host.outbox import EVENT, Outbox
from edge_host.state import StateStore
from wire import cose, rotation
from wire.messages import Event

SEEDS = [bytes([number]) * 32 for number in range(4)]
KEYS = [cose.public_key(seed) for seed in SEEDS]


class Home:
    """A state folder and what is opened in it."""

    def __init__(self, folder: Path) -> None:
        self.store = StateStore(folder / "state.db")
        self.outbox = Outbox(folder / "outbox")

    def anchors(self, *enrolled: bytes) -> Anchors:
        return Anchors(enrolled, self.store, Journal("edge-1", self.outbox, lambda: None))

    def events(self) -> list[Event]:
        batch = self.outbox.batch("edge-1", EVENT, 0, 1 << 20, 1 << 20)
        return [Event.decode(data) for data in batch.records] if batch else []


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path)
    yield made
    made.store.close()
    made.outbox.close()


def test_a_rotation_replaces_all_keys_and_survives_a_restart(home: Home) -> None:
    anchors = home.anchors(KEYS[0])
    assert dict(anchors) == cose.anchors([KEYS[0]])
    anchors.rotate(None)
    anchors.rotate(rotation.make([KEYS[1], KEYS[2]], 5, SEEDS[0]))
    assert dict(anchors) == dict(home.anchors(KEYS[0])) == cose.anchors(KEYS[1:3])
    (told,) = home.events()
    assert told.message == f"trusts {cose.kid(KEYS[1]).hex()}, {cose.kid(KEYS[2]).hex()} from now on"


def test_the_same_rotation_again_is_no_news(home: Home) -> None:
    anchors = home.anchors(KEYS[0])
    for _ in range(2):
        anchors.rotate(rotation.make([KEYS[1]], 5, SEEDS[0]))
    assert len(home.events()) == 1


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (rotation.make([KEYS[2]], 6, SEEDS[3]), "unknown-key"),
        (rotation.make([KEYS[2]], 5, SEEDS[1]), "old-sequence"),
        (b"nonsense", "is not"),
    ],
)
def test_what_is_refused_is_told_once_and_changes_nothing(home: Home, message: bytes, reason: str) -> None:
    anchors = home.anchors(KEYS[0])
    anchors.rotate(rotation.make([KEYS[1]], 5, SEEDS[0]))
    for _ in range(3):
        anchors.rotate(message)
    assert dict(anchors) == cose.anchors([KEYS[1]])
    (_, refused) = home.events()
    assert (refused.kind, refused.context) == ("refused", "anchors")
    assert reason in (refused.reason or "")


def test_an_enrollment_anew_ends_the_rotation(home: Home) -> None:
    home.anchors(KEYS[0]).rotate(rotation.make([KEYS[1]], 5, SEEDS[0]))
    again = home.anchors(KEYS[3])
    assert dict(again) == cose.anchors([KEYS[3]])
    again.rotate(rotation.make([KEYS[2]], 1, SEEDS[3]))
    assert dict(again) == cose.anchors([KEYS[2]])
