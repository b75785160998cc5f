"""The agent's own socket: one JSON line asks, one JSON line answers (docs/reference/agent.md).

::

    {"ask": "status"}    ->  {"ok": true, "answer": {...}}
    {"ask": "nonsense"}  ->  {"ok": false, "error": "..."}

A connection may ask several times. Who may open the file may ask: mode 0660.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

log = logging.getLogger(__name__)

SOCKET = "agent.sock"
LINE_BYTES = 4096
IDLE_SECONDS = 60.0
CLIENTS = 16


def socket_file(state: Path) -> Path:
    """Where the agent with this state folder listens: in systemd's runtime folder when it made one, else there."""
    runtime = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    return Path(runtime or state) / SOCKET


class StatusServer:
    """Answers until `close`; belongs to the event loop's thread."""

    def __init__(self, file: Path, answers: Mapping[str, Callable[[], object]]) -> None:
        self._file = file
        self._answers = answers
        self._clients: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; a socket file that an earlier agent left is replaced. Raises OSError."""
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        folder = os.open(self._file.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._file.unlink(missing_ok=True)
            line.bind(f"/proc/self/fd/{folder}/{self._file.name}")  # short, however deep the folder lies
            self._file.chmod(0o660)
            self._server = await asyncio.start_unix_server(self._serve, sock=line, limit=LINE_BYTES)
        except OSError:
            line.close()
            raise
        finally:
            os.close(folder)

    async def close(self) -> None:
        """Listen no longer."""
        if self._server is None:
            return
        self._server.close()
        for client in self._clients:
            client.cancel()
        self._file.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._clients) >= CLIENTS:
            writer.close()
            return
        self._clients.add(task)
        try:
            with contextlib.suppress(OSError, TimeoutError, asyncio.CancelledError):
                import json  # noqa: PLC0415 - only who is asked needs it

                while line := await asyncio.wait_for(_line(reader), IDLE_SECONDS):
                    writer.write(json.dumps(self._answer(line), separators=(",", ":")).encode() + b"\n")
                    await asyncio.wait_for(writer.drain(), IDLE_SECONDS)
        finally:
            self._clients.discard(task)
            writer.close()

    def _answer(self, line: bytes) -> dict[str, object]:
        import json  # noqa: PLC0415

        try:
            request = json.loads(line)
            answer = self._answers[request["ask"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            return {"ok": False, "error": f'one of {{"ask": "{"|".join(self._answers)}"}} is understood'}
        try:
            return {"ok": True, "answer": answer()}
        except Exception as error:
            log.exception("a question at the socket cannot be answered")
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readline()
    except ValueError:  # longer than the limit
        return b""
