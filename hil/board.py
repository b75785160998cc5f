"""A board under test: powered, tapped, with everything that a test does to it."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from pytest_embedded.app import App
from pytest_embedded.dut import Dut
from pytest_embedded.log import PexpectProcess

from hil import faults
from hil.emulator import DATA, FIRMWARE, START_SECONDS, Emulator
from hil.errors import EmulatorError
from hil.qmp import Qmp
from hil.rig import RigBoard
from hil.sensors import sensor, set_value
from hil.tap import SerialTap
from provisioning.smp_client import SmpClient


class TapQueue:
    """What pytest-embedded's device writes to: the tapped line.

    Its own `serial` service would take the line for itself, and reads `socket://` ports at 20 bytes a second.
    """

    def __init__(self, tap: SerialTap) -> None:
        self._tap = tap

    def put(self, data: bytes) -> None:
        """Send bytes to the board."""
        self._tap.write(data)


class BoardUnderTest:
    """An emulated board of the rig in its own folder; a context manager that powers it on and off.

    `port` is the serial port that any number of programs may open; `dut` is pytest-embedded's view of the same line.
    `options` are more of the emulator's own.
    `log` has one line for each line or SMP message with the host's time.
    """

    def __init__(self, entry: RigBoard, folder: Path, test_name: str, options: Sequence[str] = ()) -> None:
        self.name = entry.name
        self.description = entry.board
        self.folder = folder
        self.log = folder / "serial.log"
        self._raw = folder / "serial.raw"
        self.emulator = Emulator(entry.board, folder, paused=True, options=options)
        self._tap = SerialTap(self.emulator.serial_port, self._raw, self.log)
        self._heard = self._raw.open("rb")
        self._test_name = test_name
        self.dut: Dut = None

    def __enter__(self) -> Self:
        self._tap.__enter__()
        try:
            self.power_on()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        reader = PexpectProcess(self._heard)
        self.dut = Dut(reader, TapQueue(self._tap), App(build_dir=""), str(self.log), self._test_name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.emulator.__exit__(kind, error, trace)
        self._tap.__exit__(kind, error, trace)
        self._heard.close()

    @property
    def port(self) -> str:
        """The serial port, as pyserial opens it."""
        return self._tap.port

    def client(self) -> SmpClient:
        """A new SMP client on the board's line; close it."""
        return SmpClient(self.port, shared=True)

    @property
    def traffic(self) -> int:
        """Bytes that passed over the line both ways, since the board was made."""
        return self._tap.sent + self._tap.received

    def power_on(self) -> None:
        """Start the board and wait until its board host answers."""
        self.emulator.start()
        if not self._tap.wait_connected(START_SECONDS):
            raise EmulatorError("the serial line cannot be tapped", where=self.name)
        self.emulator.resume()
        self.emulator.wait_ready(self.port)

    def pull_plug(self) -> None:
        """Take its power away at once; flash keeps what was written until now."""
        self.emulator.kill()

    def restart(self) -> None:
        """Pull the plug and power on again."""
        self.pull_plug()
        self.power_on()

    def hang(self) -> None:
        """Send its processor into an endless loop, interrupts on: only a watchdog gets it out again."""
        faults.hang(self.emulator)

    def crash(self) -> None:
        """Let its processor meet an instruction that it does not know."""
        faults.crash(self.emulator)

    def set_sensor(self, label: str, value: float) -> None:
        """Let the emulated sensor behind `label` sense `value`, in the unit that the board's file names."""
        with Qmp(self.emulator.qmp) as qmp:
            set_value(qmp, sensor(self.description, label), value)


def place_images(source: Path, folder: Path) -> None:
    """Give a device's folder its own firmware and an erased data flash, as a flashed folder `source` has them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (FIRMWARE, DATA):
        shutil.copyfile(source / name, folder / name)
