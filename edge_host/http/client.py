"""Asks a host for a guest: one thread and one connection for each request, h11 as the protocol.

Redirects are not followed: the guest sees them, and what it asks then is looked at like any other request.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass

import h11

from edge_host.http.destinations import Destination, Resolve, addresses
from edge_host.http.model import (
    Fields,
    FutureResponse,
    HttpError,
    IncomingBody,
    IncomingResponse,
    OutgoingBody,
    OutgoingRequest,
    RequestOptions,
)
from edge_host.pipes import CAPACITY, Pipe
from edge_host.streams import IoError, StreamFailedError

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0
PART = 16 * 1024
MOST_HEAD = 32 * 1024
AT_ONCE = 64
"""Requests of all guests of this host at the same time."""

_SLOTS = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Times:
    """Time limits in seconds: to connect, until the answer begins, and between two parts of it."""

    connect: float
    first: float
    between: float


def times(options: RequestOptions | None) -> Times:
    """The limits that a guest asked for, at most those of the host."""
    given = options or RequestOptions()

    def limit(nanoseconds: int | None, most: float) -> float:
        return most if nanoseconds is None else max(0.001, min(nanoseconds / 1e9, most))

    return Times(
        limit(given.connect, CONNECT_SECONDS),
        limit(given.first_byte, ANSWER_SECONDS),
        limit(given.between_bytes, ANSWER_SECONDS),
    )


def ask(
    request: OutgoingRequest,
    to: Destination,
    limits: Times,
    notify: Callable[[], None],
    resolve: Resolve | None = None,
) -> FutureResponse:
    """Send a request; the future is set, and `notify` told, in another thread."""
    future = FutureResponse()
    if not _SLOTS.acquire(blocking=False):
        future.result = HttpError("connection-limit-reached")
        return future
    exchange = Exchange(request, to, limits, notify, future, resolve)
    threading.Thread(target=exchange.run, name=f"http {to.host}", daemon=True).start()
    return future


@dataclass
class Exchange:
    """One request and its answer."""

    request: OutgoingRequest
    to: Destination
    limits: Times
    notify: Callable[[], None]
    future: FutureResponse
    resolve: Resolve | None = None

    def __post_init__(self) -> None:
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD)
        self._answer: Pipe | None = None

    def run(self) -> None:
        """Do all of it; never raises."""
        try:
            connection = self._connect()
            if isinstance(connection, HttpError):
                self._fail(connection)
                return
            with connection:
                self._exchange(connection)
        except Exception as error:
            self._fail(_reason(error, answered=self._answer is not None))
        finally:
            _SLOTS.release()

    def _connect(self) -> socket.socket | HttpError:
        found = addresses(self.to, self.resolve)
        if isinstance(found, HttpError):
            return found
        last: OSError | None = None
        for address in found:
            try:
                plain = socket.create_connection((address, self.to.port), self.limits.connect)
            except OSError as error:
                last = error
                continue
            if self.to.scheme == "http":
                return plain
            try:
                return ssl.create_default_context().wrap_socket(plain, server_hostname=self.to.host)
            except BaseException:
                plain.close()
                raise
        return HttpError("connection-timeout" if isinstance(last, TimeoutError) else "connection-refused")

    def _exchange(self, connection: socket.socket) -> None:
        connection.settimeout(self.limits.first)
        self._send(connection)
        response = self._next(connection)
        while isinstance(response, h11.InformationalResponse):
            response = self._next(connection)
        if not isinstance(response, h11.Response):
            raise h11.RemoteProtocolError("no answer")
        connection.settimeout(self.limits.between)
        pipe = self._answer = Pipe(CAPACITY)
        room = threading.Event()
        pipe.on_change(room.set)
        pipe.on_change(self.notify)
        fields = Fields([(name.decode("latin-1"), value) for name, value in response.headers], is_fixed=True)
        self._settle(IncomingResponse(response.status_code, fields, IncomingBody(pipe)))
        while isinstance(event := self._next(connection), h11.Data):
            pipe.put(bytes(event.data))
            while not pipe.room():
                if pipe.is_ended:
                    return
                room.wait(self.limits.between)
                room.clear()
        pipe.end()

    def _send(self, connection: socket.socket) -> None:
        request, body = self.request, self.request.body
        headers = [("host", self.to.authority.encode()), *request.fields.entries()]
        names = {name.lower() for name, _ in headers}
        if body is None:
            if request.method in ("POST", "PUT", "PATCH") and "content-length" not in names:
                headers.append(("content-length", b"0"))
        elif "content-length" not in names:
            headers.append(("transfer-encoding", b"chunked"))
        head = h11.Request(
            method=request.method, target=request.path or "/", headers=[(n.encode(), v) for n, v in headers]
        )
        connection.sendall(self._protocol.send(head) or b"")
        if body is not None:
            self._send_body(connection, body)
        connection.sendall(self._protocol.send(h11.EndOfMessage()) or b"")

    def _send_body(self, connection: socket.socket, body: OutgoingBody) -> None:
        while (data := body.pipe.take_soon(PART, self.limits.between)) is not None:
            if self.future.cancelled:
                raise ConnectionAbortedError
            if not data:
                raise TimeoutError
            connection.sendall(self._protocol.send(h11.Data(data=data)) or b"")

    def _next(self, connection: socket.socket) -> object:
        while (event := self._protocol.next_event()) is h11.NEED_DATA:
            if self.future.cancelled:
                raise ConnectionAbortedError
            self._protocol.receive_data(connection.recv(PART))
        return event

    def _settle(self, result: IncomingResponse | HttpError) -> None:
        self.future.result = result
        if self.future.cancelled and isinstance(result, IncomingResponse):
            result.close()
        self.notify()

    def _fail(self, error: HttpError) -> None:
        lost = IoError(error.code, http_code=error.code)
        if self.request.body is not None:
            self.request.body.pipe.fail(lost)
        if self._answer is not None:
            self._answer.fail(lost)
        else:
            self._settle(error)


def _reason(error: Exception, *, answered: bool) -> HttpError:
    """The WIT error of what went wrong."""
    match error:
        case ssl.SSLCertVerificationError():
            return HttpError("TLS-certificate-error")
        case ssl.SSLError():
            return HttpError("TLS-protocol-error")
        case TimeoutError():
            return HttpError("connection-read-timeout" if answered else "HTTP-response-timeout")
        case h11.RemoteProtocolError():
            return HttpError("HTTP-response-incomplete" if answered else "HTTP-protocol-error")
        case h11.LocalProtocolError():
            return HttpError("HTTP-request-body-size", None)
        case StreamFailedError():
            return HttpError("internal-error", "the body was not finished")
        case OSError():
            return HttpError("connection-terminated")
    return HttpError("internal-error", type(error).__name__)
