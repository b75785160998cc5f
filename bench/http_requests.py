"""HTTP requests a second to a guest, in this process, server and clients included.

`python -m bench.http_requests [REQUESTS]`: `examples/conformance/http` answers over loopback on kept connections; a new
instance for each request, as is the default.
"""

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

from edge_host.http.server import HttpServer
from edge_host.http.settings import HttpSettings
from provisioning import checkout, component
from tests.edge_host.bench import Bench
from tests.examples.running import Example

CLIENTS = 4


async def requests(port: int, count: int) -> list[float]:
    """The seconds of each of `count` requests on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    taken = []
    for _ in range(count):
        begun = time.perf_counter()
        writer.write(b"GET /check/teapot HTTP/1.1\r\nHost: bench\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        if b"chunked" in head:
            await reader.readuntil(b"0\r\n\r\n")
        taken.append(time.perf_counter() - begun)
    writer.close()
    return taken


async def measure(count: int) -> dict[str, float]:
    """Rate and times of `count` requests by several clients."""
    folder = checkout.root() / "examples" / "conformance" / "http"
    built = {part.name: part for part in component.build(folder)}
    bench = Bench(Path(tempfile.mkdtemp()))
    server = HttpServer(HttpSettings("127.0.0.1", 0), bench.host.routes)
    port = await server.start()
    guest = Example(bench, folder, built)
    while not len(bench.host.routes):  # noqa: ASYNC110 - the table tells nobody
        await asyncio.sleep(0.01)
    await asyncio.sleep(2)  # the guest's own checks at its start
    begun = time.perf_counter()
    each = await asyncio.gather(*(requests(port, count // CLIENTS) for _ in range(CLIENTS)))
    seconds = time.perf_counter() - begun
    await guest.stop()
    await server.close()
    bench.close()
    times = sorted(taken for of_one in each for taken in of_one)
    return {
        "requests_per_second": round(len(times) / seconds, 1),
        "median_ms": round(times[len(times) // 2] * 1000, 2),
        "p99_ms": round(times[len(times) * 99 // 100] * 1000, 2),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(int(sys.argv[1]) if sys.argv[1:] else 400)), indent=2))
