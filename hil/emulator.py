"""A board in QEMU, started from the `[emulator]` command of its file in `boards/`.

A device's folder holds `firmware.img` and `data.img`, its persistent flash: an emulator that is killed and started
again finds the flash as it was, like a board whose plug was pulled.
"""

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from hil.errors import EmulatorError, QmpError
from hil.qmp import MAX_PATH, Qmp
from provisioning.boards import Board
from provisioning.errors import DeviceError
from provisioning.smp_client import SmpClient

FIRMWARE, DATA = "firmware.img", "data.img"
START_SECONDS = 20.0
STOP_SECONDS = 5.0
ECHO_SECONDS = 0.2


def free_port() -> int:
    """A TCP port on loopback that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Emulator:
    """One emulated device in `folder`; a context manager that starts and ends it.

    Its serial line is `socket://127.0.0.1:<serial_port>` and has one user at a time; `qmp` is its control socket. Port
    and socket stay the same over restarts. `paused`: after each start the processor waits for `resume`, so that nothing
    it says is missed. `options` are more of QEMU's own. What QEMU itself says goes to `qemu.log` in the folder.
    """

    def __init__(
        self,
        board: Board,
        folder: Path,
        *,
        serial_port: int = 0,
        qmp: Path | None = None,
        paused: bool = False,
        options: Sequence[str] = (),
    ) -> None:
        if board.emulator is None:
            raise EmulatorError("this board has no emulator", where=board.name)
        self.board = board
        self.folder = folder.absolute()
        self.serial_port = serial_port or free_port()
        self._private = None if qmp else tempfile.mkdtemp(prefix="petiole-")
        self.qmp = qmp.absolute() if qmp else Path(self._private or "") / "qmp.sock"
        if len(str(self.qmp).encode()) > MAX_PATH:
            raise EmulatorError(
                f"the path of a control socket may have {MAX_PATH} bytes",
                where=str(self.qmp),
                next_step="use a shorter one",
            )
        self._command = board.emulator.command_line(
            firmware=self.folder / FIRMWARE, flash=self.folder / DATA, serial_port=self.serial_port, qmp=self.qmp
        )
        self._command += [*options, *(["-S"] if paused else [])]
        self._process: subprocess.Popen[bytes] | None = None
        self._debug_port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._private:
            shutil.rmtree(self._private, ignore_errors=True)

    @property
    def port(self) -> str:
        """The serial port, as pyserial opens it."""
        return f"socket://127.0.0.1:{self.serial_port}"

    @property
    def pid(self) -> int | None:
        """Process id of QEMU while it runs."""
        return self._process.pid if self.running and self._process else None

    @property
    def running(self) -> bool:
        """Whether QEMU runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Power on; returns when QEMU serves the control socket. Raises EmulatorError when it does not."""
        if self.running:
            return
        for name in (FIRMWARE, DATA):
            if not (self.folder / name).is_file():
                raise EmulatorError(
                    f"holds no {name}",
                    where=str(self.folder),
                    next_step=f"flash it first: petiole board flash {self.board.name} --device-dir {self.folder}",
                )
        program = shutil.which(self._command[0])
        if program is None:
            raise EmulatorError(
                f"{self._command[0]} is not installed",
                where=self.board.name,
                next_step="on Debian: apt install qemu-system",
            )
        self.qmp.unlink(missing_ok=True)
        self._debug_port = 0
        with (self.folder / "qemu.log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._wait_for_qmp()

    def stop(self) -> None:
        """Power off in good order: flash is written back; kills QEMU when it does not end within five seconds."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Pull the plug: SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def wait(self) -> int:
        """Wait until QEMU ends by itself; its exit code."""
        return self._process.wait() if self._process else 0

    def resume(self) -> None:
        """Let the processor run after a paused start."""
        with Qmp(self.qmp) as qmp:
            qmp.execute("cont")

    def reset(self) -> None:
        """Press the reset button."""
        with Qmp(self.qmp) as qmp:
            qmp.reset()

    def debug_port(self) -> int:
        """The TCP port on loopback where a debugger of GDB's kind may connect; opened when first asked for."""
        if not self._debug_port:
            port = free_port()
            with Qmp(self.qmp) as qmp:
                qmp.execute("human-monitor-command", **{"command-line": f"gdbserver tcp:127.0.0.1:{port}"})
            self._debug_port = port
        return self._debug_port

    def wait_ready(self, port: str | None = None, seconds: float = START_SECONDS) -> None:
        """Wait until the board host answers an SMP echo on `port` (default: the board's own).

        Raises EmulatorError when it does not within `seconds`.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.running:
            with (
                contextlib.suppress(DeviceError),
                SmpClient(port or self.port, seconds=ECHO_SECONDS, shared=True) as client,
            ):
                client.echo("ready")
                return
            time.sleep(0.05)
        raise EmulatorError(
            f"the board host does not answer within {seconds:.0f} s" if self.running else self._end(),
            where=self.board.name,
            next_step=f"see the board's serial log and {self.folder / 'qemu.log'}",
        )

    def _wait_for_qmp(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while self.running and time.monotonic() < deadline:
            with contextlib.suppress(QmpError), Qmp(self.qmp):
                return
            time.sleep(0.01)
        self.kill()
        raise EmulatorError(self._end(), where=self.board.name, next_step=f"see {self.folder / 'qemu.log'}")

    def _end(self) -> str:
        log = self.folder / "qemu.log"
        lines = log.read_text(errors="replace").strip().splitlines()[-1:] if log.exists() else []
        code = self._process.returncode if self._process else None
        return f"QEMU ended with code {code}" + (f": {lines[0]}" if lines else "")
