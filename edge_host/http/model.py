"""Requests, responses and their parts, as ``wasi:http/types`` has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edge_host.pipes import Pipe
from edge_host.streams import IoError

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
FORBIDDEN = frozenset(
    {
        *("connection", "host", "http2-settings", "keep-alive", "proxy-authenticate", "proxy-authorization"),
        *("proxy-connection", "transfer-encoding", "upgrade"),
    }
)
"""Fields that belong to the connection: hosts set them, guests do not."""

MOST_FIELDS = 100
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_VALUE = re.compile(rb"[^\x00-\x08\x0a-\x1f\x7f]*")


class FieldsError(Exception):
    """A change of fields that is refused; the text is the case of `header-error`."""


@dataclass(frozen=True)
class HttpError:
    """Why there is no answer: a case of `error-code`, and what it has beside its name."""

    code: str
    payload: object = None


class Fields:
    """Names and values in their order; names are compared without regard to case."""

    def __init__(self, entries: Sequence[tuple[str, bytes]] = (), *, is_fixed: bool = False) -> None:
        self._entries = list(entries)
        self.is_fixed = is_fixed

    def get(self, name: str) -> list[bytes]:
        """All values of a field."""
        return [value for key, value in self._entries if key.lower() == name.lower()]

    def set(self, name: str, values: Sequence[bytes]) -> None:
        """Put `values` in the place of those of a field; raises `FieldsError`."""
        self._change(name, values)
        self._entries = [entry for entry in self._entries if entry[0].lower() != name.lower()]
        self._entries += [(name, value.strip(b" \t")) for value in values]

    def append(self, name: str, value: bytes) -> None:
        """Add a value; raises `FieldsError`."""
        self._change(name, (value,))
        self._entries.append((name, value.strip(b" \t")))

    def delete(self, name: str) -> None:
        """Forget a field; raises `FieldsError`."""
        self.set(name, ())

    def entries(self) -> list[tuple[str, bytes]]:
        """Everything."""
        return list(self._entries)

    def copy(self, *, is_fixed: bool = False) -> Fields:
        """The same again, which can be changed unless it `is_fixed`."""
        return Fields(self._entries, is_fixed=is_fixed)

    def _change(self, name: str, values: Sequence[bytes]) -> None:
        if self.is_fixed:
            raise FieldsError("immutable")
        check_field(name, values)
        if len(self._entries) + len(values) > MOST_FIELDS:
            raise FieldsError("forbidden")


def check_field(name: str, values: Sequence[bytes]) -> None:
    """Refuse a field that cannot be sent or that guests may not set; raises `FieldsError`."""
    if not _TOKEN.fullmatch(name) or not all(_VALUE.fullmatch(value) for value in values):
        raise FieldsError("invalid-syntax")
    if name.lower() in FORBIDDEN:
        raise FieldsError("forbidden")


class IncomingBody:
    """What arrives; its stream may be had once."""

    def __init__(self, pipe: Pipe) -> None:
        self.pipe = pipe
        self.given = False

    def close(self) -> None:
        """Nobody reads it any more."""
        self.pipe.give_up()


class OutgoingBody:
    """What is sent; its stream may be had once. Dropped before it was finished, what was sent is incomplete."""

    def __init__(self) -> None:
        self.pipe = Pipe()
        self.given = False

    def close(self) -> None:
        """It was not finished."""
        self.pipe.fail(IoError("the body was not finished", http_code="internal-error"))


@dataclass
class IncomingRequest:
    """A request to a guest."""

    method: str
    path: str
    scheme: str
    authority: str | None
    fields: Fields
    body: IncomingBody
    consumed: bool = False


@dataclass
class RequestOptions:
    """Time limits in nanoseconds; None leaves them to the host."""

    connect: int | None = None
    first_byte: int | None = None
    between_bytes: int | None = None


@dataclass
class OutgoingRequest:
    """A request of a guest."""

    fields: Fields
    method: str = "GET"
    path: str | None = None
    scheme: str | None = None
    authority: str | None = None
    body: OutgoingBody | None = None


@dataclass
class IncomingResponse:
    """An answer to a guest."""

    status: int
    fields: Fields
    body: IncomingBody
    consumed: bool = False

    def close(self) -> None:
        """Nobody wants it any more."""
        if not self.consumed:
            self.body.close()


@dataclass
class OutgoingResponse:
    """An answer of a guest."""

    fields: Fields
    status: int = 200
    body: OutgoingBody | None = None


@dataclass
class ResponseOut:
    """Where a guest puts its answer, once; `answer` is told in the guest's thread."""

    answer: Callable[[OutgoingResponse | HttpError], None]


@dataclass
class FutureResponse:
    """An answer that is on its way; whoever asks for it sets `result` and tells the guest."""

    result: IncomingResponse | HttpError | None = None
    taken: bool = False
    cancelled: bool = field(default=False)

    def close(self) -> None:
        """The guest does not want it any more."""
        self.cancelled = True
        if isinstance(self.result, IncomingResponse) and not self.taken:
            self.result.close()


@dataclass
class FutureTrailers:
    """Fields after a body; hosts of ours know none."""

    taken: bool = False
