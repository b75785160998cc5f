"""A board at the desk: an SMP server on a TCP port that can be enrolled, and misbehaves when told to."""

import contextlib
import hashlib
import socket
import threading
import uuid
from collections.abc import Mapping
from typing import Any, Self

from nacl.signing import SigningKey

from wire.refusals import Refusal
from wire.smp import PROVE_PREFIX, Decoder, Group, Message, Op, Os, Petiole, encode_frames

PROFILE = "petiole:host@0.1.0 wasmtime-48 pulley32 0123abcd"
CLASS = uuid.UUID(int=7)


class BoardDouble:
    """Answers one connection after the other; a context manager."""

    def __init__(self) -> None:
        self.device = self.site = ""
        self.anchors: list[bytes] = []
        self.key: SigningKey | None = None
        self.proving_key: SigningKey | None = None
        self.deaf_for = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def port(self) -> str:
        return f"socket://127.0.0.1:{self._server.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(5)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                with connection, contextlib.suppress(ConnectionError):
                    decoder = Decoder()
                    connection.sendall(b"board host 0.1.0\r\n")
                    while data := connection.recv(4096):
                        for message in decoder.feed(data):
                            connection.sendall(self._answer(Message.decode(message)))

    def _answer(self, request: Message) -> bytes:
        if self.deaf_for:
            self.deaf_for -= 1
            return b"\x06\x09AAAA\n"
        body = self._body(request)
        event = Message(Op.WRITE, Group.PETIOLE, Petiole.EVENT, 1, {"boot": 1, "seq": 1, "up": 1, "kind": "boot"})
        answer = Message(Op(request.op + 1), request.group, request.command, request.sequence, body)
        return encode_frames(event.encode()) + encode_frames(answer.encode())

    def _body(self, request: Message) -> dict[str, Any]:
        if request.group == Group.OS and request.command == Os.ECHO:
            return {"r": request.body["d"]}
        if request.group == Group.PETIOLE:
            return self._petiole(Petiole(request.command), request.body)
        return {"rc": 8}

    def _petiole(self, command: Petiole, body: Mapping[str, Any]) -> dict[str, Any]:
        if command is Petiole.FACTS:
            key = bytes(self.key.verify_key) if self.key else b""
            facts = {"board": "double", "profile": PROFILE, "class": CLASS.bytes, "heap": {"size": 9}, "workloads": 2}
            return facts | {"device": self.device, "site": self.site, "key": key, "anchors": [b"12345678"]}
        if command is Petiole.ENROLL:
            if self.key:
                return {"err": {"group": 64, "rc": int(Refusal.ALREADY_ENROLLED)}, "rsn": "once is enough"}
            self.key = SigningKey(hashlib.sha256(body["entropy"]).digest())
            self.device, self.site, self.anchors = body["device"], body["site"], body["anchors"]
            return {"key": bytes(self.key.verify_key)}
        if command is Petiole.PROVE:
            signing = self.proving_key or self.key
            assert signing is not None
            return {"sig": signing.sign(PROVE_PREFIX + body["nonce"]).signature}
        return {"err": {"group": 64, "rc": int(Refusal.UNSUPPORTED)}, "rsn": "a double runs nothing"}
