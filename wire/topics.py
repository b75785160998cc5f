"""MQTT topics `petiole/<site>/<device>/<kind>` (formats.md section 7)."""

import re
from dataclasses import dataclass

from wire.errors import MalformedError
from wire.names import check_name

ROOT = "petiole"

DESIRED = "desired"
REPORTED = "reported"
TELEMETRY = "telemetry"
EVENT = "event"
ACK = "ack"
COMMAND = "cmd"
COMMAND_REPLY = "cmd/reply"
BLOCK = "block"
MESSAGE = "message"
MESSAGE_TO = "message/to"

_KINDS = frozenset({DESIRED, REPORTED, TELEMETRY, EVENT, ACK, COMMAND, COMMAND_REPLY, MESSAGE, MESSAGE_TO})
_BLOCK = re.compile(r"block/([0-9a-f]{64})(/get)?")


@dataclass(frozen=True)
class Topic:
    """A parsed topic; `kind` is everything after the device, for example `reported` or `block/<hex digest>/get`."""

    site: str
    device: str
    kind: str

    @property
    def digest(self) -> bytes | None:
        """The payload digest of a block topic, else None."""
        match = _BLOCK.fullmatch(self.kind)
        return bytes.fromhex(match[1]) if match else None

    @property
    def is_block_request(self) -> bool:
        """Whether a device asks for a block here."""
        match = _BLOCK.fullmatch(self.kind)
        return match is not None and match[2] is not None

    def __str__(self) -> str:
        return f"{ROOT}/{self.site}/{self.device}/{self.kind}"


def block(digest: bytes) -> str:
    """The kind under which the blocks of the payload with this SHA-256 reach a device."""
    return f"{BLOCK}/{digest.hex()}"


def block_request(digest: bytes) -> str:
    """The kind under which a device asks for blocks of the payload with this SHA-256."""
    return f"{BLOCK}/{digest.hex()}/get"


def topic(site: str, device: str, kind: str) -> str:
    """The topic of one device; MalformedError for wrong names or an unknown kind."""
    check_name("site", site)
    check_name("device", device)
    if kind not in _KINDS and not _BLOCK.fullmatch(kind):
        raise MalformedError(
            f"{kind!r} is not a kind of topic: expected one of {', '.join(sorted(_KINDS))} or block/<digest>[/get]"
        )
    return str(Topic(site, device, kind))


def subscription(site: str, device: str, kind: str) -> str:
    """A topic filter: like `topic`, where each part may be `+`, and `kind` may be `block/+` or `block/+/get`."""
    return f"{ROOT}/{site}/{device}/{kind}"


def parse(text: str) -> Topic:
    """Take a topic apart; MalformedError when it is none of ours."""
    parts = text.split("/", 3)
    if len(parts) != 4 or parts[0] != ROOT:
        raise MalformedError(f"topic {text!r} is not of the form {ROOT}/<site>/<device>/<kind>")
    _, site, device, kind = parts
    topic(site, device, kind)
    return Topic(site, device, kind)
