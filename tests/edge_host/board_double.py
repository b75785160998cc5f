"""A board as the agent sees it: an SMP server on a TCP port with a flash that survives restarts. It runs no code."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wire.refusals import Refusal
from wire.smp import Decoder, Message, Op, Petiole, encode_frames
from wire.suit import Envelope

PROFILE = "petiole:host@0.1.0 double"


class RefuseError(Exception):
    """Answered as an error of group 64."""

    def __init__(self, refusal: Refusal, text: str = "") -> None:
        self.refusal = refusal
        self.text = f"{refusal.label}: {text}"


@dataclass
class Slot:
    """A release in flash."""

    name: str
    version: str
    seq: int
    release: bytes
    digest: bytes
    size: int
    state: str
    reason: str = ""
    payload: bytes = b""


@dataclass
class Flash:
    """What survives a restart."""

    boot: int = 0
    running: dict[str, Slot] = field(default_factory=dict)
    candidates: dict[str, Slot] = field(default_factory=dict)


class BoardDouble:
    """Start and stop it like a board with a plug."""

    def __init__(self, device: str, port: int) -> None:
        self.device = device
        self.port = port
        self.flash = Flash()
        self.refusals: dict[Petiole, Refusal] = {}
        self.silent_after: int | None = None
        self.requests: list[tuple[Petiole, Mapping[str, Any]]] = []
        self._buffer, self._length = bytearray(), 0
        self._lock = threading.Lock()

    def start(self) -> BoardDouble:
        """Plug in."""
        self.flash.boot += 1
        self._events: list[dict[str, Any]] = []
        self._seq = 0
        self._acknowledged = 0
        self._begun = time.monotonic()
        self._running = True
        self._connection: socket.socket | None = None
        self._server = socket.create_server(("127.0.0.1", self.port))
        self.port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self.event("boot")
        for slot in self.flash.candidates.values():
            if slot.state == "probation":
                self._event_of(slot)
        return self

    def stop(self) -> None:
        """Pull the plug."""
        self._running = False
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._thread.join(5)

    def event(self, kind: str, **fields: Any) -> None:
        """Something happens on the board."""
        with self._lock:
            self._seq += 1
            up = int((time.monotonic() - self._begun) * 1000)
            self._events.append({"boot": self.flash.boot, "seq": self._seq, "up": up, "kind": kind, **fields})
        self._send_events()

    def measure(self, value: float) -> None:
        """The workload sends a measurement."""
        self.event("telemetry", wl="thermometer", ver="1.0", n="t", u="Cel", v=value)

    def roll_back(self, name: str, reason: str) -> None:
        """The board takes its candidate back."""
        slot = self.flash.candidates[name]
        slot.state, slot.reason = "rolled-back" if name in self.flash.running else "failed", reason
        self._event_of(slot)

    def _serve(self) -> None:
        while self._running:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self._connection = connection
            decoder = Decoder()
            with contextlib.suppress(OSError):
                while data := connection.recv(4096):
                    for message in decoder.feed(data):
                        self._answer(Message.decode(message))
            self._connection = None

    def _send(self, message: Message) -> None:
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.sendall(b"noise\n" + encode_frames(message.encode()))

    def _send_events(self) -> None:
        with self._lock:
            waiting = [event for event in self._events if event["seq"] > self._acknowledged]
        for event in waiting:
            self._send(Message(Op.WRITE, 64, Petiole.EVENT, 0, event))

    def _answer(self, request: Message) -> None:
        command = Petiole(request.command)
        self.requests.append((command, request.body))
        if command is Petiole.PAYLOAD and self.silent_after is not None and request.body["off"] >= self.silent_after:
            return
        try:
            if command in self.refusals:
                raise RefuseError(self.refusals[command], "by the test")
            body = getattr(self, f"_{command.name.lower()}")(request.body)
        except RefuseError as error:
            body = {"err": {"group": 64, "rc": int(error.refusal)}, "rsn": error.text}
        self._send(Message(Op(request.op + 1), request.group, request.command, request.sequence, body))
        self._send_events()

    def _facts(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"board": "double", "firmware": "1.0", "device": self.device, "boot": self.flash.boot, "up": 1}

    def _subscribe(self, body: Mapping[str, Any]) -> dict[str, Any]:
        boot, seq = body.get("ack", (0, 0))
        with self._lock:
            if boot == self.flash.boot:
                self._acknowledged = max(self._acknowledged, seq)
            up = int((time.monotonic() - self._begun) * 1000)
            return {"boot": self.flash.boot, "seq": self._seq, "first": self._acknowledged + 1, "up": up}

    def _workloads(self, _: Mapping[str, Any]) -> dict[str, Any]:
        listed = []
        for name in sorted(self.flash.running.keys() | self.flash.candidates.keys()):
            running, slot = self.flash.running.get(name), self.flash.candidates.get(name)
            shown = slot or running
            assert shown is not None
            previous = running.version if slot is not None and running is not None else None
            listed.append(
                {
                    **{"name": name, "version": shown.version, "seq": shown.seq, "release": shown.release},
                    **{"state": shown.state, "reason": shown.reason, "off": len(shown.payload), "size": shown.size},
                    **{"previous": previous, "calls": 0},
                }
            )
        return {"workloads": listed}

    def _envelope(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if body["off"] == 0:
            self._buffer, self._length = bytearray(), body["len"]
        self._buffer += body["data"]
        if len(self._buffer) < self._length:
            return {"off": len(self._buffer)}
        envelope = Envelope.parse(bytes(self._buffer))
        manifest, code = envelope.manifest, envelope.manifest.codes[0]
        slot = self.flash.candidates.get(manifest.name)
        running = self.flash.running.get(manifest.name)
        if running is not None and running.release == manifest.digest:
            slot = running
        elif slot is None or slot.release != manifest.digest:
            slot = Slot(
                *(manifest.name, manifest.version, manifest.sequence, manifest.digest, code.digest, code.size),
                "downloading",
            )
            self.flash.candidates[manifest.name] = slot
        return {
            **{"off": len(self._buffer), "name": slot.name, "digest": slot.digest, "size": slot.size},
            **{"next": len(slot.payload), "state": slot.state},
        }

    def _payload(self, body: Mapping[str, Any]) -> dict[str, Any]:
        slot = next(slot for slot in self.flash.candidates.values() if slot.state == "downloading")
        if body["off"] == len(slot.payload):
            slot.payload += body["data"]
        if len(slot.payload) < slot.size:
            return {"off": len(slot.payload)}
        if hashlib.sha256(slot.payload).digest() != slot.digest:
            slot.payload = b""
            raise RefuseError(Refusal.DIGEST_MISMATCH)
        slot.state = "staged"
        self._event_of(slot)
        return {"off": len(slot.payload), "state": "staged"}

    def _activate(self, body: Mapping[str, Any]) -> dict[str, Any]:
        slot = self.flash.candidates[body["name"]]
        slot.state = "probation"
        self._event_of(slot)
        return {"state": slot.state}

    def _confirm(self, body: Mapping[str, Any]) -> dict[str, Any]:
        slot = self.flash.candidates.pop(body["name"])
        slot.state = "confirmed"
        self.flash.running[slot.name] = slot
        self._event_of(slot)
        return {"state": slot.state}

    def _remove(self, body: Mapping[str, Any]) -> dict[str, Any]:
        self.flash.running.pop(body["name"], None)
        self.flash.candidates.pop(body["name"], None)
        return {}

    def _event_of(self, slot: Slot) -> None:
        self.event("state", wl=slot.name, ver=slot.version, state=slot.state, reason=slot.reason)
