"""The hardware of a Linux machine, with doubles of its libraries: what is asked of them, and what becomes of errors."""

from __future__ import annotations

import errno
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from edge_host.backends import open_labels
from edge_host.config_labels import GpioLine, I2cAdapter, Label, PwmChannel, SpiSelect
from edge_host.errors import DeviceError
from edge_host.labels import I2cError, Pin, Pwm, SpiError, Transfer
from edge_host.simulated import FilePin


def module(name: str, **content: object) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(content)
    return made


@pytest.fixture(autouse=True)
def forget_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Import the modules of devices anew, with the libraries of this test."""
    for name in ("i2c", "spi", "gpio", "pwm"):
        monkeypatch.delitem(sys.modules, f"edge_host.devices.{name}", raising=False)


def linux(interface: str, device: Any) -> dict[str, Label]:
    return {"it": Label("it", interface, "linux", device)}


class Message:
    """smbus2's `i2c_msg`."""

    def __init__(self, address: int, data: bytes | int) -> None:
        self.address = address
        self.is_read = isinstance(data, int)
        self.data = bytes(data)

    def __iter__(self) -> Any:
        return iter(self.data)


def test_i2c_transactions_go_to_the_adapter(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, bool, bytes]] = []
    failure: list[OSError] = []

    class Bus:
        def __init__(self, number: int) -> None:
            assert number == 7

        def i2c_rdwr(self, *messages: Message) -> None:
            if failure:
                raise failure[0]
            for message in messages:
                asked.append((message.address, message.is_read, message.data))
                if message.is_read:
                    message.data = bytes(range(len(message.data)))

    monkeypatch.setitem(
        sys.modules, "smbus2", module("smbus2", SMBus=Bus, i2c_msg=SimpleNamespace(read=Message, write=Message))
    )
    bus = open_labels(linux("wasi:i2c/i2c", I2cAdapter(7))).bus("it")
    assert bus is not None
    assert bus.transaction(0x48, [b"\x01\x60", 2, 1]) == [b"\x00\x01", b"\x00"]
    assert asked == [(0x48, False, b"\x01\x60"), (0x48, True, bytes(2)), (0x48, True, bytes(1))]
    for number, code, source in (
        (errno.ENXIO, "no-acknowledge", "address"),
        (errno.EREMOTEIO, "no-acknowledge", "unknown"),
        (errno.EAGAIN, "arbitration-loss", None),
        (errno.ETIMEDOUT, "bus", None),
        (errno.EINVAL, "other", None),
    ):
        failure[:] = [OSError(number, "")]
        with pytest.raises(I2cError) as error:
            bus.transaction(0x48, [1])
        assert (error.value.code, error.value.source) == (code, source)


def test_spi_transactions_are_one_transfer(monkeypatch: pytest.MonkeyPatch) -> None:
    class Device:
        def open(self, bus: int, select: int) -> None:
            assert (bus, select) == (0, 1)

        def xfer2(self, data: list[int]) -> list[int]:
            if data == [0xEE]:
                raise OSError(errno.EIO, "bus error")
            return [byte ^ 0xFF for byte in data]

    monkeypatch.setitem(sys.modules, "spidev", module("spidev", SpiDev=Device))
    device = open_labels(linux("wasi:spi/spi", SpiSelect(0, 1, 500_000, 3))).spi("it")
    assert device is not None
    assert device.transaction([Transfer(b"\x01"), Transfer(b""), Transfer(b"\x02\x03", 1000)]) == [
        b"\xfe",
        b"",
        b"\xfd\xfc",
    ]
    with pytest.raises(SpiError, match="cannot wait between"):
        device.transaction([Transfer(b"\x01", 10), Transfer(b"\x02")])
    with pytest.raises(SpiError, match="bus error"):
        device.transaction([Transfer(b"\xee")])


class Request:
    """gpiod's `LineRequest`: one line, whose edges come from `events`."""

    def __init__(self, gpiod: ModuleType) -> None:
        self._gpiod = gpiod
        self.settings: Any = None
        self.value = "inactive"
        self.events: list[Any] = []

    def reconfigure_lines(self, config: dict[int, Any]) -> None:
        (self.settings,) = config.values()
        if self.settings.direction == "output":
            self.value = self.settings.output_value

    def get_value(self, _line: int) -> str:
        return self.value

    def set_value(self, _line: int, value: str) -> None:
        self.value = value

    def wait_edge_events(self, _timeout: object) -> bool:
        time.sleep(0.01)
        return bool(self.events)

    def read_edge_events(self) -> list[Any]:
        events, self.events = self.events, []
        return events


@pytest.fixture
def request_double(monkeypatch: pytest.MonkeyPatch) -> Request:
    def words(*names: str) -> SimpleNamespace:
        return SimpleNamespace(**{name.upper(): name for name in names})

    line = module(
        "gpiod.line",
        Bias=words("as_is", "disabled", "pull_up", "pull_down"),
        Direction=words("input", "output"),
        Edge=words("both", "none"),
        Value=words("active", "inactive"),
    )
    gpiod = module("gpiod", line=line, LineSettings=SimpleNamespace)
    request = Request(gpiod)

    def request_lines(_chip: str, consumer: str, config: dict[int, Any]) -> Request:
        assert consumer == "petiole"
        request.reconfigure_lines(config)
        return request

    vars(gpiod)["request_lines"] = request_lines
    monkeypatch.setitem(sys.modules, "gpiod", gpiod)
    monkeypatch.setitem(sys.modules, "gpiod.line", line)
    return request


def gpio_pin() -> Pin:
    line = GpioLine(Path("/dev/gpiochip0"), 17, active_low=True, bias="pull-up", is_input=False)
    pin = open_labels(linux("wasi:gpio/digital", line)).pin("it")
    assert pin is not None
    return pin


def test_a_gpio_line_is_an_input_until_it_is_driven(request_double: Request) -> None:
    pin = gpio_pin()
    assert (request_double.settings.direction, request_double.settings.bias) == ("input", "pull_up")
    assert request_double.settings.active_low
    assert not pin.read()
    pin.write(True)
    assert request_double.settings.direction == "output"
    assert pin.read()
    assert pin.driven()
    pin.write(False)
    assert not pin.read()


def test_edges_of_a_gpio_line_are_told_while_somebody_watches(request_double: Request) -> None:
    pin = gpio_pin()
    levels: list[bool] = []
    end = pin.watch(levels.append)
    assert request_double.settings.edge_detection == "both"
    kinds = SimpleNamespace(RISING_EDGE="rising", FALLING_EDGE="falling")
    request_double.events = [SimpleNamespace(event_type=kind, Type=kinds) for kind in ("rising", "falling")]
    deadline = time.monotonic() + 10
    while len(levels) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert levels == [True, False]
    end()


def test_pwm_is_set_through_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge_host.devices import pwm

    monkeypatch.setattr(pwm, "FOLDER", tmp_path)
    channel = tmp_path / "pwmchip0" / "pwm1"
    channel.mkdir(parents=True)
    output = open_labels(linux("wasi:gpio/pwm", PwmChannel(0, 1, 1_000_000))).pwm("it")
    assert output is not None
    output.set_duty(Pwm.MOST // 2)
    assert [(channel / name).read_text() for name in ("period", "enable", "duty_cycle")] == ["1000000", "1", "499992"]


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "smbus2", None)
    with pytest.raises(DeviceError, match=r"^label it: smbus2 is missing: pip install 'petiole\[devices\]'$"):
        open_labels(linux("wasi:i2c/i2c", I2cAdapter(7)))
    with pytest.raises(DeviceError, match=r"^label it: /sys/class/pwm/pwmchip200/export: No such file.*in groups"):
        open_labels(linux("wasi:gpio/pwm", PwmChannel(200, 1, 1_000_000)))


def test_a_simulated_input_follows_its_file(tmp_path: Path) -> None:
    file = tmp_path / "button.txt"
    labels = open_labels(
        {
            "button": Label("button", "wasi:gpio/digital", "simulated", file=file),
            "loop-out": Label("loop-out", "wasi:gpio/digital", "simulated"),
            "loop-in": Label("loop-in", "wasi:gpio/digital", "simulated", wired_to="loop-out"),
        }
    )
    button, loop_out, loop_in = (labels.pin(name) for name in ("button", "loop-out", "loop-in"))
    assert isinstance(button, FilePin)
    assert loop_out is not None
    assert loop_in is not None
    loop_out.write(True)
    assert loop_in.read()
    assert not button.read()
    levels: list[bool] = []
    end = button.watch(levels.append)
    file.write_text("1\n")
    deadline = time.monotonic() + 10
    while not levels and time.monotonic() < deadline:
        time.sleep(0.01)
    assert levels == [True]
    assert button.read()
    end()
