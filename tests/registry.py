"""A registry (Debian's docker-registry) on loopback, in a folder of its own, and a web server that serves a folder."""

from __future__ import annotations

import functools
import http.server
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER, PASSWORD = "grower", "seedling"
_HASH = "$2b$04$eSOweQjLEy5Z4qk8Lu83z.idnhvOkyiRy6OqYYs4yEzOSbhsfHQUu"


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def registry(folder: Path, *, guarded: bool = False) -> Iterator[str]:
    """Its `HOST:PORT`; a `guarded` one wants USER and PASSWORD."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    (folder / "users").write_text(f"{USER}:{_HASH}\n")
    auth = f"auth: {{htpasswd: {{realm: test, path: {folder}/users}}}}\n" if guarded else ""
    file = folder / "config.yml"
    file.write_text(
        f"version: 0.1\nlog: {{level: warn}}\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}', secret: test}}\n{auth}"
    )
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(["docker-registry", "serve", file], stdout=log, stderr=log)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        else:
            raise AssertionError((folder / "log").read_text())
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def web_server(folder: Path) -> Iterator[str]:
    """Its address, `http://127.0.0.1:PORT`."""
    handler = functools.partial(_Silent, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
