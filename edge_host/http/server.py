"""Takes HTTP/1.1 requests and gives them to the guests whose routes fit; h11 is the protocol.

A guest's answer travels while it is made. What goes wrong is an answer too: 404 without a route, 413 and 431 for too
much, 503 when too many wait, 504 after the time limit, 502 for a guest that gave no answer or was stopped.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from urllib.parse import urlsplit

import h11

from edge_host.errors import BusyError, OverloadError, StopError
from edge_host.http.answer import Answer, soon
from edge_host.http.model import Fields, HttpError, IncomingBody, IncomingRequest, OutgoingResponse
from edge_host.http.settings import HttpSettings
from edge_host.pipes import Pipe
from edge_host.routes import Routes
from edge_host.streams import IoError, StreamFailedError

log = logging.getLogger(__name__)
PART = 16 * 1024


class HttpServer:
    """Belongs to the event loop's thread."""

    def __init__(self, settings: HttpSettings, routes: Routes) -> None:
        self._settings = settings
        self._routes = routes
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen; gives the port. Raises `BusyError` when it is taken."""
        settings = self._settings
        try:
            self._server = await asyncio.start_server(self._accepted, settings.host, settings.port, limit=PART)
        except OSError as error:
            where = f"{settings.host}:{settings.port}"
            raise BusyError(f"port {where}", error.strerror or "somebody", "set another one in [http] listen") from None
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Take nothing more, and end the connections there are."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= self._settings.connections:
            writer.transport.abort()
            return
        task = asyncio.create_task(Connection(reader, writer, self._settings, self._routes).run())
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)


class Connection:
    """One connection with one request after the other."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, settings: HttpSettings, routes: Routes
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._settings = settings
        self._routes = routes
        self._protocol = h11.Connection(h11.SERVER, max_incomplete_event_size=settings.head_bytes)

    async def run(self) -> None:
        """Serve until the other end has enough; never raises but when it is cancelled."""
        try:
            while await self._exchange():
                self._protocol.start_next_cycle()
        except h11.RemoteProtocolError as error:
            await self._complain(error.error_status_hint)
        except (TimeoutError, ConnectionError):
            pass
        except Exception:
            log.exception("a connection failed")
        finally:
            self._writer.close()

    async def _exchange(self) -> bool:
        """Take one request and answer it; whether another one may follow."""
        head = await self._next()
        if not isinstance(head, h11.Request):
            return False
        if (
            len(head.target) + sum(len(name) + len(value) + 4 for name, value in head.headers)
            > self._settings.head_bytes
        ):
            return await self._plain(431, f"more than {self._settings.head_bytes} bytes before the body")
        parts = urlsplit(head.target.decode("latin-1"))
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        fields = [(name.decode("latin-1"), value) for name, value in head.headers]
        authority = parts.netloc or next((value.decode("latin-1") for name, value in fields if name == "host"), "")
        handler = self._routes.find(_host(authority), path)
        if handler is None or not path.startswith("/"):
            return await self._plain(404, "no workload answers here")
        body = Pipe()
        request = IncomingRequest(
            *(head.method.decode("ascii"), path, "http", authority or None),
            Fields([(name, value) for name, value in fields if name != "host"], is_fixed=True),
            IncomingBody(body),
        )
        answer = Answer(request)
        calling = asyncio.ensure_future(handler(answer.prepare))
        reading = asyncio.create_task(self._take_body(body))
        calling.add_done_callback(_ended)
        answered = False
        try:
            again = await self._respond(head, answer, calling, reading)
            answered = answer.given.done()
            return again
        finally:
            body.fail(IoError("the connection ended", http_code="connection-terminated"))
            answer.give_up()
            reading.cancel()
            if not answered:  # a guest that has answered may do more, and ends by itself
                calling.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _respond(
        self,
        head: h11.Request,
        answer: Answer,
        calling: asyncio.Future[None],
        reading: asyncio.Task[int | None],
    ) -> bool:
        await self._until_given(answer.given, calling, reading)
        if not answer.given.done():
            return await self._plain(*self._problem(calling, reading))
        response = answer.given.result()
        if not isinstance(response, OutgoingResponse):
            return await self._plain(502, f"the workload gave up: {response.code}")
        try:
            await self._send_response(head, response)
        except StreamFailedError as failed:
            log.warning("an answer of a workload is incomplete: %s", failed)
            return False
        except h11.LocalProtocolError as error:
            log.warning("an answer of a workload cannot be sent: %s", error)
            if self._protocol.our_state is h11.SEND_RESPONSE:
                return await self._plain(502, "the workload's answer cannot be sent")
            return False
        if not reading.done():
            return False  # the guest has answered without reading all: what is left is of no use
        return self._protocol.our_state is h11.DONE and self._protocol.their_state is h11.DONE

    async def _until_given(
        self,
        given: asyncio.Future[OutgoingResponse | HttpError],
        calling: asyncio.Future[None],
        reading: asyncio.Task[int | None],
    ) -> None:
        """Wait for an answer, or for what makes one impossible; raises what ended the connection."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._settings.request_seconds
        waited: set[asyncio.Future[Any]] = {given, calling, reading}
        while not given.done() and not calling.done() and loop.time() < until:
            await asyncio.wait(waited, timeout=until - loop.time(), return_when=asyncio.FIRST_COMPLETED)
            if reading in waited and reading.done():
                if reading.result() is not None:
                    return
                waited.discard(reading)

    def _problem(self, calling: asyncio.Future[None], reading: asyncio.Task[int | None]) -> tuple[int, str]:
        """Status and words for a request that got no answer."""
        if reading.done() and reading.result() is not None:
            return 413, f"more than {self._settings.body_bytes} bytes"
        if not calling.done():
            return 504, "the workload takes too long"
        error = calling.exception()
        if isinstance(error, OverloadError):
            return 503, "too many requests wait"
        if isinstance(error, StopError):
            return 502, "the workload was stopped"
        if error is not None:
            log.error("a request failed", exc_info=error)
        return 502, "the workload gave no answer"

    async def _take_body(self, body: Pipe) -> int | None:
        """Pass on the body as there is room; gives 413 when it is too large."""
        room = asyncio.Event()
        body.on_change(soon(room))
        size = 0
        while isinstance(event := await self._next(), h11.Data):
            size += len(event.data)
            if size > self._settings.body_bytes:
                body.fail(IoError("the body is too large", http_code="HTTP-request-body-size"))
                return 413
            body.put(bytes(event.data))
            while not body.room() and not body.is_ended:
                room.clear()
                await room.wait()
        body.end()
        return None

    async def _send_response(self, head: h11.Request, response: OutgoingResponse) -> None:
        fields = [(name.encode("latin-1"), value) for name, value in response.fields.entries()]
        body = response.body
        has_length = any(name.lower() == b"content-length" for name, _ in fields)
        if not has_length and (body is None or (body.pipe.is_ended and body.pipe.error is None)):
            fields.append((b"content-length", str(body.pipe.size if body else 0).encode()))
        await self._write(self._protocol.send(h11.Response(status_code=response.status, headers=fields)))
        if body is not None:
            changed = asyncio.Event()
            body.pipe.on_change(soon(changed))
            while (data := body.pipe.take(PART)) is not None:
                if data and head.method != b"HEAD":
                    await self._write(self._protocol.send(h11.Data(data=data)))
                elif not data and not body.pipe.readable():
                    async with asyncio.timeout(self._settings.request_seconds):
                        await changed.wait()
                changed.clear()
        await self._write(self._protocol.send(h11.EndOfMessage()))

    async def _plain(self, status: int, text: str) -> bool:
        """Answer in the place of a guest, and end the connection."""
        body = f"{text}\n".encode()
        headers = [
            *(("content-type", "text/plain; charset=utf-8"), ("content-length", str(len(body)))),
            ("connection", "close"),
        ]
        await self._write(self._protocol.send(h11.Response(status_code=status, headers=headers)))
        await self._write(self._protocol.send(h11.Data(data=body)))
        await self._write(self._protocol.send(h11.EndOfMessage()))
        return False

    async def _complain(self, status: int) -> None:
        if self._protocol.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            try:
                await self._plain(status, "this is no request that can be understood")
            except (h11.ProtocolError, ConnectionError):
                return

    async def _next(self) -> object:
        while (event := self._protocol.next_event()) is h11.NEED_DATA:
            if self._protocol.they_are_waiting_for_100_continue:
                await self._write(self._protocol.send(h11.InformationalResponse(status_code=100, headers=[])))
            async with asyncio.timeout(self._settings.idle_seconds):
                self._protocol.receive_data(await self._reader.read(PART))
        return event

    async def _write(self, data: bytes | None) -> None:
        if data:
            self._writer.write(data)
            async with asyncio.timeout(self._settings.request_seconds):
                await self._writer.drain()


def _ended(calling: asyncio.Future[None]) -> None:
    """Nobody waits for it any more; what it ended with was told by whoever runs it."""
    if not calling.cancelled():
        calling.exception()


def _host(authority: str) -> str:
    """The host of an authority in lower case, without its port."""
    host = authority.lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].removesuffix(".")
