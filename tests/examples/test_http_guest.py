"""A guest behind the HTTP server: what its clients do does not stop it."""

from __future__ import annotations

import asyncio

from edge_host.http.server import HttpServer
from edge_host.http.settings import HttpSettings
from tests.edge_host.bench import Bench
from tests.examples.conftest import EXAMPLES, BuildExample
from tests.examples.running import Example


async def ask(port: int, path: str) -> bytes:
    """The first line of the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
    try:
        return (await asyncio.wait_for(reader.read(-1), 30)).partition(b"\r\n")[0]
    finally:
        writer.close()


def test_a_request_that_takes_too_long_or_is_given_up_stops_that_call_alone(
    build_example: BuildExample, bench: Bench
) -> None:
    built = build_example("conformance/http")

    async def check() -> None:
        server = HttpServer(HttpSettings("127.0.0.1", 0, request_seconds=0.5), bench.host.routes)
        port = await server.start()
        guest = Example(bench, EXAMPLES / "conformance/http", built)
        while not len(bench.host.routes):  # noqa: ASYNC110 - the table tells nobody
            await asyncio.sleep(0.01)
        for _ in range(3):
            assert await ask(port, "/check/wait") == b"HTTP/1.1 504 "
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /check/wait HTTP/1.1\r\nHost: h\r\n\r\n")
            await writer.drain()
            writer.close()
        assert len(bench.host.routes) == 1
        for _ in range(5):
            assert await ask(port, "/check/hello") == b"HTTP/1.1 200 "
        await guest.stop()
        await server.close()

    asyncio.run(check())
