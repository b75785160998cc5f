"""A board's serial line as a pseudo-terminal, for programs that open devices and know no `socket://` ports.

MCUmgr's stock tools are such programs. Bytes pass both ways until the end of the `with` block; programs come and go.
"""

import contextlib
import os
import selectors
import socket
import threading
import tty
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

CHUNK = 4096


class PtyPort:
    """A pseudo-terminal before the TCP port `port` (`socket://HOST:PORT`); `path` is what a program opens."""

    def __init__(self, port: str) -> None:
        address = urlsplit(port)
        self._line = socket.create_connection((address.hostname or "", address.port or 0))
        # The program's end stays open here too: without one the terminal would be gone.
        self._master, self._program = os.openpty()
        tty.setraw(self._program)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._program)
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name=f"pty-{self.path}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wake.send(b"x")
        self._thread.join()
        for end in (self._line, self._wake, self._woken):
            end.close()
        os.close(self._master)
        os.close(self._program)

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            for end in (self._woken, self._line, self._master):
                selector.register(end, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if self._woken in ready:
                    return
                if self._line in ready:
                    try:
                        data = self._line.recv(CHUNK)
                    except OSError:
                        return
                    if not data:
                        return
                    # What nobody reads is lost, as on a real line.
                    with contextlib.suppress(BlockingIOError):
                        os.write(self._master, data)
                if self._master in ready:
                    with contextlib.suppress(OSError):  # that the board went is seen at the line
                        self._line.sendall(os.read(self._master, CHUNK))
