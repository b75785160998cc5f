"""A blocking SMP client (MCUmgr over a serial line, formats.md section 8) for work at the desk.

The edge host has its own asynchronous client; this one opens a port, asks, and closes it. A port is anything pyserial
opens: `/dev/ttyACM0`, `COM3`, or `socket://127.0.0.1:5001` for an emulated board.
"""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from provisioning import lines
from provisioning.errors import DeviceRefusedError, NoAnswerError, PortError
from wire import port_lock
from wire.errors import MalformedError, SmpError
from wire.refusals import Refusal
from wire.smp import Decoder, Group, Message, Op, Os, Petiole, encode_frames

ANSWER_SECONDS = 5.0
TRIES = 3


class SmpClient:
    """An open port with a board behind it; a context manager.

    Requests are sent again twice when no answer comes within `seconds`: every command of ours may be repeated.
    Raises PortError at the start if the port cannot be opened, or an agent or another command uses it.
    """

    def __init__(self, port: str, *, baud: int = 115200, seconds: float = ANSWER_SECONDS, shared: bool = False) -> None:
        """`shared`: the line takes several users at a time, as a rig's does, so that the port's lock is left alone."""
        self.port = port
        self._lock = -1 if shared else _locked(port)
        self._seconds = seconds
        self._sequence = 0
        self._decoder = Decoder()
        try:
            self._line = lines.open_line(port, baud)
        except (OSError, ValueError) as error:
            self._unlock()
            raise PortError(
                f"the port cannot be opened: {error}",
                where=port,
                next_step="is the board attached, and does no agent or monitor hold the port?",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the port."""
        self._line.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock >= 0:
            port_lock.release(self._lock)
            self._lock = -1

    def echo(self, text: str) -> str:
        """Let the board say `text`."""
        return str(self.request(Op.WRITE, Group.OS, Os.ECHO, {"d": text}).get("r"))

    def reset(self) -> None:
        """Restart the board."""
        self.request(Op.WRITE, Group.OS, Os.RESET, {})

    def facts(self) -> Mapping[str, Any]:
        """What the board says about itself."""
        return self.read(Petiole.FACTS)

    def read(self, command: Petiole) -> Mapping[str, Any]:
        """Read with one of our own commands."""
        return self.request(Op.READ, Group.PETIOLE, command, {})

    def write(self, command: Petiole, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Write with one of our own commands."""
        return self.request(Op.WRITE, Group.PETIOLE, command, body)

    def request(self, op: Op, group: int, command: int, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Send a request and wait for its answer.

        Raises DeviceRefusedError for an answer with an error, NoAnswerError without one, PortError for a broken line.
        """
        self._sequence = (self._sequence + 1) % 256
        request = Message(op, group, command, self._sequence, body)
        frames = encode_frames(request.encode())
        for _ in range(TRIES):
            answer = self._exchange(request, frames)
            if answer is not None:
                return self._checked(answer)
        raise NoAnswerError(
            f"no answer to {TRIES} requests within {self._seconds:.0f} s each",
            where=self.port,
            next_step="does the board run the board host, is this its port, and is no agent or monitor attached to it?",
        )

    def _exchange(self, request: Message, frames: bytes) -> Message | None:
        deadline = time.monotonic() + self._seconds
        try:
            self._line.write(frames)
            while time.monotonic() < deadline:
                for data in self._decoder.feed(self._line.read()):
                    answer = _decoded(data)
                    if answer is not None and answer.is_answer_to(request):
                        return answer
        except OSError as error:
            raise PortError(f"the line broke: {error}", where=self.port, next_step="is the board still on?") from error
        return None

    def _checked(self, answer: Message) -> Mapping[str, Any]:
        try:
            answer.raise_for_error()
        except SmpError as error:
            raise DeviceRefusedError(
                _refusal_text(error), group=error.group, rc=error.rc, where=f"board on {self.port}"
            ) from error
        except MalformedError as error:
            raise NoAnswerError(str(error), where=self.port) from error
        return answer.body


def _locked(port: str) -> int:
    """The port's lock, which agents take too."""
    try:
        return port_lock.take(port_lock.port_lock_file(port), "petiole, a command at the desk")
    except port_lock.HeldError as error:
        raise PortError(
            f"the port is in use by {error.holder}", where=port, next_step="stop it, then try again"
        ) from error
    except OSError as error:
        raise PortError(f"the port's lock cannot be taken: {error}", where=port) from error


def _decoded(data: bytes) -> Message | None:
    try:
        return Message.decode(data)
    except MalformedError:
        return None


def _refusal_text(error: SmpError) -> str:
    if error.group == Group.PETIOLE and error.rc in list(Refusal):
        label = Refusal(error.rc).label
        return error.reason if error.reason.startswith(label) else f"{label}: {error.reason}"
    return error.reason
