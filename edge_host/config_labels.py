"""The labels of the configuration file: what a guest may open, and what drives it.

::

    [labels.i2c-env]
    interface = "wasi:i2c/i2c"
    backend = "linux"       # or "simulated"
    bus = 1                 # /dev/i2c-1
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edge_host.errors import ConfigError
from edge_host.toml_table import Table
from wire.errors import WireError
from wire.names import check_name

I2C, SPI, GPIO, PWM = "wasi:i2c/i2c", "wasi:spi/spi", "wasi:gpio/digital", "wasi:gpio/pwm"
BIASES = ("as-is", "disabled", "pull-up", "pull-down")


@dataclass(frozen=True)
class SimulatedDevice:
    """A model of an I2C device; ``file`` holds the world it senses (degrees Celsius)."""

    model: str
    address: int
    file: Path


@dataclass(frozen=True)
class I2cAdapter:
    """``/dev/i2c-<bus>``."""

    bus: int


@dataclass(frozen=True)
class SpiSelect:
    """``/dev/spidev<bus>.<chip_select>`` with clock rate in Hz and SPI mode 0 to 3."""

    bus: int
    chip_select: int
    hertz: int
    mode: int


@dataclass(frozen=True)
class GpioLine:
    """One line of a GPIO character device, for example ``/dev/gpiochip0``."""

    chip: Path
    line: int
    active_low: bool
    bias: str
    is_input: bool


@dataclass(frozen=True)
class PwmChannel:
    """One channel of ``/sys/class/pwm/pwmchip<chip>``."""

    chip: int
    channel: int
    period_ns: int


Linux = I2cAdapter | SpiSelect | GpioLine | PwmChannel


@dataclass(frozen=True)
class Label:
    """A physical resource under its label.

    ``linux`` says where it is, for that backend; the rest is for simulated ones: ``devices`` on an I2C bus, ``file``
    with the level of an input, ``wired_to`` another label whose wire this is, ``is_input`` a pin for reading alone.
    """

    name: str
    interface: str
    backend: str
    linux: Linux | None = None
    devices: tuple[SimulatedDevice, ...] = ()
    file: Path | None = None
    wired_to: str | None = None
    is_input: bool = False


def read_labels(root: Table) -> Mapping[str, Label]:
    """The labels of a configuration, each after the one that it is wired to; raises `ConfigError`."""
    labels = {name: _label(name, table) for name, table in root.named_tables("labels").items()}
    for name, label in labels.items():
        target = labels.get(label.wired_to) if label.wired_to else None
        if label.wired_to and (target is None or target.interface != GPIO or target.wired_to):
            raise ConfigError(
                root.file, f"labels.{name}.wired-to", f"{label.wired_to!r} is no other simulated pin with its own wire"
            )
    return dict(sorted(labels.items(), key=lambda entry: entry[1].wired_to is not None))


def _label(name: str, table: Table) -> Label:
    try:
        check_name("label", name)
    except WireError as error:
        raise ConfigError(table.file, table.path, str(error)) from None
    interface = table.choice("interface", (I2C, SPI, GPIO, PWM))
    backend = table.choice("backend", ("simulated", "linux"))
    if backend == "linux":
        label = Label(name, interface, backend, _LINUX[interface](table))
    elif interface == I2C:
        label = Label(name, interface, backend, devices=tuple(_device(entry) for entry in table.tables("devices")))
    elif interface == GPIO:
        wired_to = table.text("wired-to", "-")
        label = Label(
            *(name, interface, backend),
            file=table.optional_path("file"),
            wired_to=None if wired_to == "-" else wired_to,
            is_input=_is_input(table),
        )
    else:
        label = Label(name, interface, backend)
    table.close()
    return label


def _device(entry: Table) -> SimulatedDevice:
    device = SimulatedDevice(
        entry.choice("model", ("tmp105",)), entry.integer("address", None, 0x03, 0x77), entry.path_of("file")
    )
    entry.close()
    return device


def _is_input(table: Table) -> bool:
    return table.choice("direction", ("in", "any"), "any") == "in"


def _gpio_line(table: Table) -> GpioLine:
    return GpioLine(
        table.path_of("chip", "/dev/gpiochip0"),
        table.integer("line", None, 0, 1023),
        table.flag("active-low"),
        table.choice("bias", BIASES, "as-is"),
        _is_input(table),
    )


_LINUX: Mapping[str, Callable[[Table], Linux]] = {
    I2C: lambda table: I2cAdapter(table.integer("bus", None, 0, 1023)),
    SPI: lambda table: SpiSelect(
        table.integer("bus", None, 0, 255),
        table.integer("chip-select", 0, 0, 255),
        table.integer("hertz", 1_000_000, 1, 200_000_000),
        table.integer("mode", 0, 0, 3),
    ),
    GPIO: _gpio_line,
    PWM: lambda table: PwmChannel(
        table.integer("chip", 0, 0, 255),
        table.integer("channel", None, 0, 255),
        table.integer("period-ns", 1_000_000, 1_000, 1_000_000_000),
    ),
}
