"""What the fleet's tests share: bundles, keys, and a device that speaks MQTT as a real one does."""

import contextlib
import queue
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Self, TypeVar

import nacl.signing
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from fleet.operations import Operations
from fleet.services.clock import unix_ms
from wire import senml, topics
from wire.descriptor import Component, Descriptor
from wire.messages import (
    Ack,
    BlockAnswer,
    BlockRequest,
    Desired,
    Event,
    EventBatch,
    QueueDepth,
    Reported,
    ReportedWorkload,
    TelemetryBatch,
)
from wire.suit import build

SITE = "greenhouse"
BOARD_PROFILE = "petiole:host@0.1.0 wasmtime-48 pulley32 0123abcd"
SEED = bytes(range(32))
PUBLIC_KEY = bytes(nacl.signing.SigningKey(SEED).verify_key).hex()
EPOCH = 1_700_000_000_000
PATIENCE_S = 60.0

T = TypeVar("T")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def bundle(
    version: str = "1.0.0",
    *,
    sequence: int = 1,
    code: bytes = b"code" * 1000,
    profile: str = BOARD_PROFILE,
    seed: bytes = SEED,
    workload: str = "thermometer",
    more: tuple[bytes, ...] = (),
) -> bytes:
    """A signed bundle whose code is any bytes; `more` is the code of further components."""
    names = [workload, *(f"more-{at}" for at in range(len(more)))]
    descriptor = Descriptor(name=workload, version=version, components=tuple(Component(name=name) for name in names))
    return build(descriptor, sequence, profile, [code, *more], seed)


def pack(
    device: str, value: float | str | bool, *, time_s: float = 1_700_000_000.0, name: str = "temperature"
) -> bytes:
    return senml.encode(senml.Measurement(device, "thermometer", name, "Cel", value, time_s))


def board_facts() -> dict[str, object]:
    return {
        "board": "qemu-an505",
        "profile": BOARD_PROFILE,
        "firmware": "0.1.0",
        "heap": {"size": 65536, "used": 12000},
    }


def enroll_board(fleet: Operations, name: str, site: str = SITE) -> None:
    fleet.enroll(
        token=fleet.new_token(site).token,
        device=name,
        kind="board",
        public_key="ab" * 32,
        csr=None,
        facts=board_facts(),
    )


def wait_until(ready: Callable[[], T | None], what: str) -> T:
    """The first true answer of `ready`."""
    end = time.monotonic() + PATIENCE_S
    while not (answer := ready()):
        assert time.monotonic() < end, f"waited {PATIENCE_S:.0f} s for {what}"
        time.sleep(0.02)
    return answer


class Device:
    """A device's side of MQTT: what it sends, and queues of what it gets."""

    def __init__(self, name: str, port: int, site: str = SITE, *, tls: ssl.SSLContext | None = None) -> None:
        self.name = name
        self.site = site
        self.inbox: dict[str, queue.Queue[bytes]] = {
            kind: queue.Queue()
            for kind in (topics.DESIRED, topics.ACK, topics.COMMAND, topics.BLOCK, topics.MESSAGE_TO)
        }
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"{site}-{name}", protocol=paho.MQTTv311)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe
        self._client.reconnect_delay_set(1, 1)
        self._subscribed: queue.Queue[None] = queue.Queue()
        self._port = port
        if tls is not None:
            self._client.tls_set_context(tls)

    @property
    def is_connected(self) -> bool:
        return bool(self._client.is_connected())

    @classmethod
    @contextlib.contextmanager
    def enrolled(cls, fleet: Operations, name: str, port: int, site: str = SITE) -> Iterator[Self]:
        enroll_board(fleet, name, site)
        with cls(name, port, site) as device:
            device.settle()
            yield device

    def settle(self) -> None:
        """Wait until messages pass both ways: at an enrolment the hub reads its accounts anew and ends connections."""
        inbox = self.inbox[topics.BLOCK]
        request = BlockRequest(0, 1).encode()
        end = time.monotonic() + PATIENCE_S
        while inbox.empty():
            assert time.monotonic() < end, f"no answer of the fleet within {PATIENCE_S:.0f} s"
            self.send(topics.block_request(bytes(32)), request)
            with contextlib.suppress(queue.Empty):
                inbox.get(timeout=1)
                break
        time.sleep(0.1)
        with contextlib.suppress(queue.Empty):
            while True:
                inbox.get_nowait()

    def try_to_connect(self) -> None:
        """One attempt, up to the broker's answer or the end of the connection."""
        with contextlib.suppress(OSError):
            self._client.connect("127.0.0.1", self._port)
            while self._client.loop(0.1) == paho.MQTT_ERR_SUCCESS and not self.is_connected:
                pass

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        self._subscribed.get(timeout=PATIENCE_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def send(self, kind: str, payload: bytes, *, device: str | None = None, site: str | None = None) -> None:
        self._client.publish(f"petiole/{site or self.site}/{device or self.name}/{kind}", payload, qos=1)

    def report(self, revision: int = 0, *workloads: ReportedWorkload, queued: int = 0, **facts: object) -> None:
        depth = QueueDepth(telemetry=queued, event=0, oldest=None)
        self.send(topics.REPORTED, Reported(unix_ms(), revision, workloads, board_facts() | facts, depth).encode())

    def telemetry(self, first: int, *values: float, epoch: int = EPOCH, time_s: float = 1_700_000_000.0) -> None:
        records = tuple(pack(self.name, value, time_s=time_s + at) for at, value in enumerate(values, first))
        self.send(topics.TELEMETRY, TelemetryBatch(epoch, first, records).encode())

    def events(self, first: int, *events: Event, epoch: int = EPOCH) -> None:
        self.send(topics.EVENT, EventBatch(epoch, first, events).encode())

    def desired(self) -> Desired:
        return Desired.decode(self.inbox[topics.DESIRED].get(timeout=PATIENCE_S))

    def ack(self) -> Ack:
        return Ack.decode(self.inbox[topics.ACK].get(timeout=PATIENCE_S))

    def block(self, digest: bytes, offset: int, length: int) -> BlockAnswer:
        self.send(topics.block_request(digest), BlockRequest(offset, length).encode())
        return BlockAnswer.decode(self.inbox[topics.BLOCK].get(timeout=PATIENCE_S))

    def _on_subscribe(self, client: paho.Client, _data: object, _id: int, codes: list[ReasonCode], _: object) -> None:
        if any(code.is_failure for code in codes):
            self._on_connect(client)
        else:
            self._subscribed.put(None)

    def _on_connect(self, client: paho.Client, *_: object) -> None:
        kinds = (topics.DESIRED, topics.ACK, topics.COMMAND, f"{topics.BLOCK}/+", topics.MESSAGE_TO)
        client.subscribe([(f"petiole/{self.site}/{self.name}/{kind}", 1) for kind in kinds])

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        kind = message.topic.split("/", 3)[3]
        self.inbox[kind if kind in self.inbox else topics.BLOCK].put(bytes(message.payload))


def reported(version: str = "1.0.0", state: str = "confirmed", **changes: object) -> ReportedWorkload:
    values: dict[str, object] = {
        "name": "thermometer",
        "version": version,
        "sequence": 1,
        "release": bytes(32),
        "state": state,
        "reason": "",
        "offset": 0,
        "size": 0,
        "previous": None,
    }
    return ReportedWorkload(**(values | changes))  # type: ignore[arg-type]
