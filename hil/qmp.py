"""QMP, QEMU's machine protocol: JSON lines over a Unix socket (https://www.qemu.org/docs/master/interop/qmp-spec.html).

One command at a time; events that arrive in between are skipped. QEMU serves one client at a time, so connect for a
command or two and close again.
"""

import json
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hil.errors import QmpError

ANSWER_SECONDS = 10.0
MAX_PATH = 107
"""Bytes that a Unix socket's path may have (sun_path of unix(7) without its end)."""


class Qmp:
    """A connection to one emulator; a context manager. Raises QmpError when nothing answers at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(ANSWER_SECONDS)
        try:
            self._socket.connect(str(path))
            self._lines = self._socket.makefile("r", encoding="utf-8")
            self._next()
            self.execute("qmp_capabilities")
        except OSError as error:
            self._socket.close()
            raise QmpError(
                f"no emulator answers: {error}",
                where=str(path),
                next_step="is the emulator running, and is this its --qmp?",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; the emulator goes on."""
        self._lines.close()
        self._socket.close()

    def execute(self, command: str, **arguments: Any) -> Any:
        """Run a QMP command and return what it returns. Raises QmpError for its error."""
        request = json.dumps({"execute": command, "arguments": arguments}) + "\n"
        try:
            self._socket.sendall(request.encode())
            while True:
                answer = self._next()
                if "return" in answer:
                    return answer["return"]
                if "error" in answer:
                    raise QmpError(f"{command}: {answer['error'].get('desc')}", where=str(self.path))
        except OSError as error:
            raise QmpError(f"{command}: {error}", where=str(self.path)) from error

    def get(self, path: str, name: str) -> Any:
        """The property `name` of the object at `path` in QEMU's object tree."""
        return self.execute("qom-get", path=path, property=name)

    def set(self, path: str, name: str, value: Any) -> None:
        """Set the property `name` of the object at `path` in QEMU's object tree."""
        self.execute("qom-set", path=path, property=name, value=value)

    def reset(self) -> None:
        """Press the machine's reset button."""
        self.execute("system_reset")

    def _next(self) -> dict[str, Any]:
        line = self._lines.readline()
        if not line:
            raise QmpError("the emulator closed the connection", where=str(self.path))
        answer: dict[str, Any] = json.loads(line)
        return answer
