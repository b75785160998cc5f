"""What the agent needs of a fleet, over a real broker: stores, acknowledges, serves blocks, sends desired states."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from wire import senml, suit, topics
from wire.descriptor import Component, Descriptor, Grant, Limits, Probation
from wire.edge_options import EdgeOptions
from wire.messages import (
    Ack,
    BlockAnswer,
    BlockRequest,
    Command,
    CommandReply,
    Desired,
    DesiredWorkload,
    Event,
    EventBatch,
    GuestMessage,
    Reported,
    ReportedWorkload,
    TelemetryBatch,
)
from wire.profiles import EDGE_PROFILE
from wire.triggers import Every, Trigger

SITE = "greenhouse"
SEED = bytes(range(32))
GRANTS = {
    "wasi:logging/logging@0.1.0-draft": Grant(),
    "petiole:telemetry/telemetry@0.1.0": Grant(),
    "wasi:i2c/i2c@0.2.0-draft": Grant(("i2c-env",)),
}
KEPT = EdgeOptions(pool_size=1)
"""One instance that is kept, as on a board."""
Found = TypeVar("Found")


@dataclass(frozen=True)
class Made:
    """A signed release as the fleet holds it."""

    desired: DesiredWorkload
    payload: bytes


def make_release(
    name: str,
    wasm: bytes,
    sequence: int = 1,
    *,
    seed: bytes = SEED,
    profile: str = EDGE_PROFILE,
    grants: dict[str, Grant] | None = None,
    limits: Limits | None = None,
    every_ms: int = 50,
    probation: Probation | None = None,
    config: dict[str, str] | None = None,
    triggers: tuple[Trigger, ...] = (),
    edge: EdgeOptions | None = None,
) -> Made:
    """Release `sequence`.0 of a workload; its handler runs every `every_ms`, and is called by other `triggers` too."""
    granted = GRANTS if grants is None else grants
    component = Component(name, granted, limits or Limits(), config or {}, (Every(every_ms), *triggers), edge)
    descriptor = Descriptor(name, f"{sequence}.0", (component,), probation or Probation(calls=2, seconds=30))
    envelope = suit.Envelope.parse(suit.build(descriptor, sequence, profile, [wasm], seed))
    code = envelope.manifest.codes[0]
    return Made(DesiredWorkload(name, envelope.manifest_digest, envelope.sever(), code.digest, code.size), wasm)


@dataclass
class Received:
    """Everything stored of one device."""

    reported: list[Reported] = field(default_factory=list)
    telemetry: dict[tuple[int, int], senml.Measurement] = field(default_factory=dict)
    events: dict[tuple[int, int], Event] = field(default_factory=dict)
    requests: list[BlockRequest] = field(default_factory=list)
    replies: list[CommandReply] = field(default_factory=list)
    messages: list[GuestMessage] = field(default_factory=list)


class FleetDouble:
    """Use as a context manager. `acknowledging` and `serving` can be switched off."""

    def __init__(self, port: int) -> None:
        self.acknowledging = True
        self.serving = True
        self.served_blocks: int | None = None
        self.payloads: dict[bytes, bytes] = {}
        self._devices: dict[str, Received] = {}
        self._changed = threading.Condition()
        self._revision = 0
        self._client = paho.Client(CallbackAPIVersion.VERSION2, "fleet-double", protocol=paho.MQTTv311)
        self._client.on_connect = lambda client, *_: client.subscribe(f"petiole/{SITE}/#", 1)
        self._client.on_message = lambda _client, _data, message: self._take(message.topic, bytes(message.payload))
        self._port = port

    def __enter__(self) -> FleetDouble:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def desire(self, device: str, *releases: Made, anchors: bytes | None = None) -> int:
        """Send a desired state with the next revision; `anchors` is a rotation."""
        self._revision += 1
        for release in releases:
            self.payloads.setdefault(release.desired.digest, release.payload)
        message = Desired(self._revision, tuple(release.desired for release in releases), anchors)
        self.publish(device, topics.DESIRED, message.encode())
        return self._revision

    def command(self, device: str, command: str, **arguments: Any) -> CommandReply:
        """Send a command and wait for its reply."""
        identity = f"c{time.monotonic_ns()}"
        self.publish(device, topics.COMMAND, Command(identity, command, arguments).encode())
        return self.wait(
            device,
            lambda received: next((reply for reply in received.replies if reply.id == identity), None),
            "a reply",
        )

    def publish(self, device: str, kind: str, payload: bytes) -> None:
        """Publish anything."""
        self._client.publish(topics.topic(SITE, device, kind), payload, 1).wait_for_publish(10)

    def wait(self, device: str, find: Callable[[Received], Found | None], what: str, seconds: float = 30) -> Found:
        """The first true value that `find` gives; fails the test with what was received otherwise."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                received = self._devices.setdefault(device, Received())
                if found := find(received):
                    return found
                left = deadline - time.monotonic()
                if left <= 0:
                    states = [
                        [(w.name, w.version, w.state, w.reason, w.offset) for w in report.workloads]
                        for report in received.reported[-3:]
                    ]
                    events = [(e.kind, e.version, e.state, e.reason or e.message) for e in received.events.values()]
                    raise AssertionError(f"no {what} from {device}; last reports {states}; events {events[-12:]}")
                self._changed.wait(left)

    def wait_state(self, device: str, name: str, state: str, version: str | None = None) -> ReportedWorkload:
        """The last report's entry of a workload once it is in `state`."""

        def find(received: Received) -> ReportedWorkload | None:
            for entry in received.reported[-1].workloads if received.reported else ():
                if (entry.name, entry.state) == (name, state) and version in (None, entry.version):
                    return entry
            return None

        return self.wait(device, find, f"{name} {version or ''} {state}")

    def wait_release(self, device: str, release: Made, state: str, reason: str) -> ReportedWorkload:
        """The last report's entry of this very release once it is in `state` for a reason that begins with `reason`."""

        def find(received: Received) -> ReportedWorkload | None:
            entries = received.reported[-1].workloads if received.reported else ()
            found = (e for e in entries if (e.release, e.state) == (release.desired.release, state))
            return next((e for e in found if e.reason.startswith(reason)), None)

        return self.wait(device, find, f"{release.desired.name} {state} {reason}")

    def wait_telemetry(self, device: str, more_than: int) -> int:
        """How many measurements are stored, once there are more than so many."""
        return self.wait(
            device, lambda r: len(r.telemetry) if len(r.telemetry) > more_than else None, f"{more_than} measurements"
        )

    def received(self, device: str) -> Received:
        """What came from a device until now."""
        with self._changed:
            return self._devices.setdefault(device, Received())

    def forget(self) -> None:
        """Forget reports and requests; records stay stored."""
        with self._changed:
            for received in self._devices.values():
                received.reported.clear()
                received.requests.clear()

    def _take(self, text: str, payload: bytes) -> None:
        topic = topics.parse(text)
        with self._changed:
            received = self._devices.setdefault(topic.device, Received())
            if topic.kind == topics.REPORTED:
                received.reported.append(Reported.decode(payload))
            elif topic.kind == topics.TELEMETRY:
                batch = TelemetryBatch.decode(payload)
                for at, record in enumerate(batch.records):
                    received.telemetry.setdefault((batch.epoch, batch.first + at), senml.decode(record)[0])
                self._acknowledge(topic.device, telemetry=_contiguous(received.telemetry, batch.epoch))
            elif topic.kind == topics.EVENT:
                events = EventBatch.decode(payload)
                for at, event in enumerate(events.records):
                    if event is not None:
                        received.events.setdefault((events.epoch, events.first + at), event)
                self._acknowledge(topic.device, event=_contiguous(received.events, events.epoch))
            elif topic.kind == topics.MESSAGE:
                received.messages.append(GuestMessage.decode(payload))
            elif topic.kind == topics.COMMAND_REPLY:
                received.replies.append(CommandReply.decode(payload))
            elif topic.digest is not None and topic.is_block_request:
                request = BlockRequest.decode(payload)
                received.requests.append(request)
                self._serve(topic.device, topic.digest, request)
            self._changed.notify_all()

    def _serve(self, device: str, digest: bytes, request: BlockRequest) -> None:
        if not self.serving or self.served_blocks == 0:
            return
        if self.served_blocks is not None:
            self.served_blocks -= 1
        payload = self.payloads.get(digest)
        if payload is None:
            answer = BlockAnswer(error="no such payload")
        else:
            part = payload[request.offset : request.offset + request.length]
            answer = BlockAnswer(request.offset, len(payload), part)
        self._client.publish(topics.topic(SITE, device, topics.block(digest)), answer.encode(), 1)

    def _acknowledge(self, device: str, **stored: tuple[int, int]) -> None:
        if self.acknowledging:
            self._client.publish(topics.topic(SITE, device, topics.ACK), Ack(**stored).encode(), 1)


def _contiguous(stored: dict[tuple[int, int], Any], epoch: int) -> tuple[int, int]:
    seq = 0
    while (epoch, seq + 1) in stored:
        seq += 1
    return epoch, seq
