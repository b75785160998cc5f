"""A desk: an enrolled board whose releases are signed here, sent and confirmed over its serial line."""

import contextlib
import hashlib
import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hil.board import BoardUnderTest
from provisioning import desk_install
from provisioning.smp_client import SmpClient
from tests.firmware import probe
from tests.firmware.events import EventLog
from wire import cose, suit
from wire.descriptor import Descriptor
from wire.smp import Petiole

SEED = hashlib.sha256(b"the desk's key").digest()
ANCHOR = cose.public_key(SEED)
CONFIRM_SECONDS = 20.0

_sequences = itertools.count(1)


class Desk:
    """The desk around one board."""

    def __init__(self, board: BoardUnderTest, client: SmpClient, events: EventLog) -> None:
        self.board, self.client, self.events = board, client, events
        self.first_boot = int(client.facts()["boot"])

    def enroll(self) -> None:
        """Give the board an identity and the desk's key as its trust anchor."""
        self.client.write(
            Petiole.ENROLL, {"device": "bench-1", "site": "bench", "anchors": [ANCHOR], "entropy": bytes(range(32))}
        )

    def bundle(self, descriptor: Descriptor, code: bytes | None = None) -> bytes:
        """A signed release of probes, or of other `code`, newer than any before."""
        payloads = [code or probe.code()] * len(descriptor.components)
        return suit.build(descriptor, next(_sequences), probe.profile(), payloads, SEED)

    def send(self, descriptor: Descriptor) -> bytes:
        """Send a release and activate it; its bundle."""
        bundle = self.bundle(descriptor)
        desk_install.install(self.client, bundle)
        return bundle

    def run(self, *descriptors: Descriptor) -> None:
        """Send releases, one after the other, each until it is confirmed."""
        for descriptor in descriptors:
            self.send(descriptor)
            desk_install.confirm(self.client, descriptor.name, CONFIRM_SECONDS)

    def remove(self, name: str) -> None:
        """Remove a workload."""
        self.client.write(Petiole.REMOVE, {"name": name})

    def row(self, name: str) -> Mapping[str, Any]:
        """What the board says about a workload it has."""
        row = desk_install.workload(self.client, name)
        assert row is not None, f"the board has no workload {name}"
        return row

    def wait(self, name: str, reached: Callable[[Mapping[str, Any]], bool], seconds: float = 20.0) -> Mapping[str, Any]:
        """The row of a workload once it is as wanted; fails when it is not within `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            row = self.row(name)
            if reached(row):
                return row
            assert time.monotonic() < deadline, f"never reached: {row}"
            time.sleep(0.1)

    def deaf(self, act: Callable[[], object]) -> None:
        """Do something while nobody listens to the board's events."""
        self.events.stop()
        self.client.write(Petiole.SUBSCRIBE, {"lease": 0})
        act()
        self.events.start()

    @staticmethod
    def release(bundle: bytes) -> bytes:
        """The digest that names the release of a bundle."""
        return suit.Envelope.parse(bundle).manifest.digest

    def measured(self, workload: str, quantity: str) -> list[Any]:
        """The values of a quantity that a workload sent as telemetry."""
        return [event["v"] for event in self.events.of(workload, "telemetry") if event["n"] == quantity]


@contextlib.contextmanager
def at(board: BoardUnderTest) -> Iterator[Desk]:
    """A desk with an enrolled board, its line open and its events listened to."""
    with board.client() as client, EventLog(board.port) as events:
        desk = Desk(board, client, events)
        desk.enroll()
        yield desk
