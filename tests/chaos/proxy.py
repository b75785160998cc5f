"""A line between two programs that can be cut, slowed down and made to swallow bytes: TCP on loopback, in threads."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

CHUNK = 1024


class Proxy:
    """Passes connections on to `target`; `delay` seconds and `rate` bytes a second hold for each direction."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.is_cut = False
        self.swallows = False
        self.delay = 0.0
        self.rate: float | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End all connections, and take no more until `mend`."""
        self.is_cut = True
        with self._lock:
            for line in self._open:
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

    def swallow(self) -> None:
        """Keep connections open, but pass nothing on any more: what a dead router does."""
        self.swallows = True

    def mend(self) -> None:
        """A good line again; what was swallowed is gone, and so are the connections it was swallowed from."""
        if self.swallows:
            self.cut()
        self.is_cut = self.swallows = False
        self.delay, self.rate = 0.0, None

    def close(self) -> None:
        """End everything."""
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.is_cut:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._target), 5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            with self._lock:
                self._open |= {client, server}
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(CHUNK):
                time.sleep(self.delay + (len(data) / self.rate if self.rate else 0.0))
                if not self.swallows:
                    other.sendall(data)
        for line in (one, other):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._open.discard(one)
        one.close()
