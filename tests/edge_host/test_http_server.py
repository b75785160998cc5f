"""The server in front of guests: every wrong turn of a client or a guest is an answer or an end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from edge_host.errors import BusyError, OverloadError, StopError
from edge_host.http.model import Fields, HttpError, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOut
from edge_host.http.server import HttpServer
from edge_host.http.settings import HttpSettings
from edge_host.interfaces.context import GuestContext
from edge_host.routes import Prepare, Routes
from tests.edge_host.bench import Bench

Act = Callable[[IncomingRequest, ResponseOut], Awaitable[None]]


class Served:
    """A server whose requests `act` answers in the place of a guest."""

    def __init__(self, bench: Bench, act: Act, **settings: Any) -> None:
        self.routes = Routes()
        self.requests: list[IncomingRequest] = []
        self._bench = bench
        self._act = act
        self.routes.add("*", "/", self._handle)
        self.server = HttpServer(HttpSettings("127.0.0.1", 0, **settings), self.routes)
        self.port = 0

    async def __aenter__(self) -> Served:
        self.port = await self.server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.close()

    async def _handle(self, prepare: Prepare) -> None:
        context: GuestContext = self._bench.context()
        prepare(context)
        out = context.handles.get(1, ResponseOut)
        request = context.handles.get(2, IncomingRequest)
        self.requests.append(request)
        await self._act(request, out)

    async def ask(self, raw: bytes) -> bytes:
        """What the server says to `raw` until it ends the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(raw)
        try:
            return await asyncio.wait_for(reader.read(-1), 10)
        finally:
            writer.close()


def respond(out: ResponseOut, body: bytes = b"fine", status: int = 200) -> None:
    response = OutgoingResponse(Fields(), status, OutgoingBody())
    assert response.body is not None
    response.body.pipe.put(body)
    response.body.pipe.end()
    out.answer(response)


async def fine(_request: IncomingRequest, out: ResponseOut) -> None:
    respond(out)


GET = b"GET /x?y=1 HTTP/1.1\r\nHost: Green.House:80\r\nConnection: close\r\n\r\n"


def test_a_request_reaches_its_guest_and_the_answer_its_client(bench: Bench) -> None:
    async def check() -> None:
        async with Served(bench, fine) as served:
            answer = await served.ask(GET)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert answer.endswith(b"\r\n\r\nfine")
            (request,) = served.requests
            assert (request.method, request.path, request.authority) == ("GET", "/x?y=1", "Green.House:80")

    asyncio.run(check())


def test_a_connection_carries_one_request_after_the_other(bench: Bench) -> None:
    async def check() -> None:
        async with Served(bench, fine) as served:
            again = GET.replace(b"Connection: close\r\n", b"")
            assert (await served.ask(again + again + GET)).count(b"fine") == 3

    asyncio.run(check())


def test_routes_choose_by_host_and_path(bench: Bench) -> None:
    async def check() -> None:
        async with Served(bench, fine) as served:
            served.routes = Routes()
            server = HttpServer(HttpSettings("127.0.0.1", 0), served.routes)
            served.port = await server.start()
            remove = served.routes.add("green.house", "/x", served._handle)
            assert b" 200 " in await served.ask(GET)
            assert b" 404 " in await served.ask(GET.replace(b"Green.House", b"red.house"))
            assert b" 404 " in await served.ask(GET.replace(b"/x", b"/y"))
            remove()
            assert b" 404 " in await served.ask(GET)
            await server.close()

    asyncio.run(check())


async def silent(_request: IncomingRequest, _out: ResponseOut) -> None:
    return


async def stopped(_request: IncomingRequest, _out: ResponseOut) -> None:
    raise StopError("trap", "unreachable")


async def overloaded(_request: IncomingRequest, _out: ResponseOut) -> None:
    raise OverloadError("too many")


async def refusing(_request: IncomingRequest, out: ResponseOut) -> None:
    out.answer(HttpError("HTTP-protocol-error"))


async def slow(_request: IncomingRequest, _out: ResponseOut) -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize(
    ("act", "status"), [(silent, 502), (stopped, 502), (overloaded, 503), (refusing, 502), (slow, 504)]
)
def test_a_guest_that_does_not_answer_is_an_answer(act: Act, status: int, bench: Bench) -> None:
    async def check() -> None:
        async with Served(bench, act, request_seconds=0.5) as served:
            assert (await served.ask(GET)).startswith(f"HTTP/1.1 {status} ".encode())

    asyncio.run(check())


POST = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"nonsense\r\n\r\n", b" 400 "),
        (b"GET / HTTP/1.1\r\n\r\n", b" 400 "),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * 5000 + b"\r\n\r\n", b" 431 "),
        (POST % (5000, b"x" * 5000), b" 413 "),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n" + b"x" * 5000, b" 413 "),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b" 400 "),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", b" 400 "),
    ],
)
def test_too_much_or_nonsense_is_an_answer(raw: bytes, status: bytes, bench: Bench) -> None:
    async def check() -> None:
        async with Served(bench, slow, head_bytes=2048, body_bytes=1000, request_seconds=5) as served:
            assert status in (await served.ask(raw)).split(b"\r\n")[0]

    asyncio.run(check())


def test_a_client_that_says_nothing_is_left(bench: Bench) -> None:
    async def check() -> None:
        async with Served(bench, fine, idle_seconds=0.2) as served:
            assert await served.ask(b"GET / HTTP") == b""
            assert b"fine" in await served.ask(GET)

    asyncio.run(check())


def test_a_body_travels_in_both_directions_while_it_is_made(bench: Bench) -> None:
    async def echo(request: IncomingRequest, out: ResponseOut) -> None:
        response = OutgoingResponse(Fields(), 200, OutgoingBody())
        assert response.body is not None
        out.answer(response)
        while (part := request.body.pipe.take(1000)) is not None:
            response.body.pipe.put(part)
            await asyncio.sleep(0 if part else 0.01)
        response.body.pipe.end()

    async def check() -> None:
        async with Served(bench, echo) as served:
            body = bytes(range(256)) * 1000
            raw = b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
            answer = await served.ask(raw + body)
            assert b"transfer-encoding: chunked" in answer.lower()
            parts, rest = [], answer.partition(b"\r\n\r\n")[2]
            while True:
                size, _, rest = rest.partition(b"\r\n")
                if int(size, 16) == 0:
                    break
                parts.append(rest[: int(size, 16)])
                rest = rest[int(size, 16) + 2 :]
            assert b"".join(parts) == body

    asyncio.run(check())


def test_more_connections_than_allowed_are_not_taken(bench: Bench) -> None:
    async def check() -> None:
        async with Served(bench, fine, connections=1) as served:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(GET.replace(b"Connection: close\r\n", b""))
            await reader.readuntil(b"fine")
            with contextlib.suppress(ConnectionError):
                assert await served.ask(GET) == b""
            writer.close()
            await writer.wait_closed()

    asyncio.run(check())


def test_a_port_that_is_taken_is_named(bench: Bench) -> None:
    async def check() -> None:
        async with Served(bench, fine) as served:
            with pytest.raises(BusyError, match=str(served.port)):
                await HttpServer(HttpSettings("127.0.0.1", served.port), Routes()).start()

    asyncio.run(check())
