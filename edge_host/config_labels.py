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

from edge_host import config_resources
from edge_host.config_resources import Target, read_target
from edge_host.errors import ConfigError
from edge_host.settings import Choice, File, Flag, Integer, Section, Tables, Text
from edge_host.toml_table import Table
from wire.errors import WireError
from wire.names import check_name

I2C, SPI, GPIO, PWM = "wasi:i2c/i2c", "wasi:spi/spi", "wasi:gpio/digital", "wasi:gpio/pwm"
BIASES = ("as-is", "disabled", "pull-up", "pull-down")

INTERFACE = Choice(
    "interface",
    "what guests open under this label",
    choices=(I2C, SPI, GPIO, PWM, *config_resources.INTERFACES),
)
BACKEND = Choice(
    "backend",
    "`linux`: hardware here, needs `pip install 'petiole[devices]'`; `simulated`: models of the same contract; "
    "others: what stores or carries it",
    optional=True,
    choices=tuple(dict.fromkeys(("simulated", "linux", *config_resources.BACKENDS))),
)
LABEL = Section("labels.NAME", "What a guest may open under NAME, and what drives it.", (INTERFACE, BACKEND))

MODEL = Choice("model", "what the device is", choices=("tmp105",))
ADDRESS = Integer("address", "its address on the bus", least=0x03, most=0x77)
SENSED = File("file", "the world that it senses: degrees Celsius as text")
MODEL_DEVICE = Section("labels.NAME.devices", "A model on a simulated I2C bus.", (MODEL, ADDRESS, SENSED), array=True)
DEVICES = Tables(
    "devices",
    'models: `{ model = "tmp105", address = 0x48, file = "tmp105.txt" }`',
    optional=True,
    section=MODEL_DEVICE,
)
SIMULATED_I2C = Section("labels.NAME", "A bus with models on it.", (DEVICES,), f"simulated {I2C}")

DIRECTION = Choice("direction", "`in`: does not open as an output", "any", choices=("in", "any"))
WIRED_TO = Text("wired-to", "another label whose wire this is; without it a pin is wired to itself", optional=True)
LEVEL = File("file", "makes it an input whose level is in this file, `1` or `0`", optional=True)
SIMULATED_GPIO = Section(
    "labels.NAME",
    "A pin (`digital-async` and edge triggers too).",
    (DIRECTION, WIRED_TO, LEVEL),
    f"simulated {GPIO}",
)

I2C_BUS = Integer("bus", "number of the bus: `/dev/i2c-<bus>`", least=0, most=1023)
LINUX_I2C = Section("labels.NAME", "`/dev/i2c-<bus>`.", (I2C_BUS,), f"linux {I2C}")

SPI_BUS = Integer("bus", "number of the bus", least=0, most=255)
CHIP_SELECT = Integer("chip-select", "which device on it", 0, least=0, most=255)
HERTZ = Integer("hertz", "clock rate", 1_000_000, least=1, most=200_000_000)
MODE = Integer("mode", "SPI mode", 0, least=0, most=3)
LINUX_SPI = Section(
    "labels.NAME", "`/dev/spidev<bus>.<chip-select>`.", (SPI_BUS, CHIP_SELECT, HERTZ, MODE), f"linux {SPI}"
)

GPIO_CHIP = File("chip", "the character device", "/dev/gpiochip0")
LINE = Integer("line", "number of the line on the chip", least=0, most=1023)
ACTIVE_LOW = Flag("active-low", "whether a low level is active")
BIAS = Choice("bias", "resistor at the line", "as-is", choices=BIASES)
LINUX_GPIO = Section(
    "labels.NAME",
    "One line of a GPIO character device (`digital-async` and edge triggers too).",
    (LINE, GPIO_CHIP, ACTIVE_LOW, BIAS, DIRECTION),
    f"linux {GPIO}",
)

PWM_CHIP = Integer("chip", "number of the chip", 0, least=0, most=255)
CHANNEL = Integer("channel", "channel on it", least=0, most=255)
PERIOD = Integer("period-ns", "length of a period in nanoseconds", 1_000_000, least=1_000, most=1_000_000_000)
LINUX_PWM = Section(
    "labels.NAME", "`/sys/class/pwm/pwmchip<chip>/pwm<channel>`.", (CHANNEL, PWM_CHIP, PERIOD), f"linux {PWM}"
)

SECTIONS = (
    *(LABEL, SIMULATED_I2C, MODEL_DEVICE, SIMULATED_GPIO, LINUX_I2C, LINUX_SPI, LINUX_GPIO, LINUX_PWM),
    *config_resources.SECTIONS,
)
"""The sections of the labels, for the reference page."""


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
    ``target`` says what it is when it is no hardware of a bus; its ``backend`` may be empty.
    """

    name: str
    interface: str
    backend: str
    linux: Linux | None = None
    devices: tuple[SimulatedDevice, ...] = ()
    file: Path | None = None
    wired_to: str | None = None
    is_input: bool = False
    target: Target | None = None


def read_labels(root: Table) -> Mapping[str, Label]:
    """The labels of a configuration, each after the one that it is wired to; raises `ConfigError`."""
    labels = {name: _label(name, table) for name, table in root.named_sections(LABEL).items()}
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
    interface = table.get(INTERFACE)
    backend = table.find(BACKEND)
    target = read_target(interface, backend, name, table)
    if target is not None:
        label = Label(name, interface, backend or "", target=target)
        table.close()
        return label
    if backend not in ("linux", "simulated"):
        raise table.error("backend", f"must be linux or simulated for {interface}")
    if backend == "linux":
        section, read = _LINUX[interface]
        table.also(section)
        label = Label(name, interface, backend, read(table))
    elif interface == I2C:
        table.also(SIMULATED_I2C)
        label = Label(name, interface, backend, devices=tuple(_device(entry) for entry in table.sections(DEVICES)))
    elif interface == GPIO:
        table.also(SIMULATED_GPIO)
        label = Label(
            *(name, interface, backend),
            file=table.find(LEVEL),
            wired_to=table.find(WIRED_TO),
            is_input=_is_input(table),
        )
    else:
        label = Label(name, interface, backend)
    table.close()
    return label


def _device(entry: Table) -> SimulatedDevice:
    device = SimulatedDevice(entry.get(MODEL), entry.get(ADDRESS), entry.get(SENSED))
    entry.close()
    return device


def _is_input(table: Table) -> bool:
    return table.get(DIRECTION) == "in"


def _gpio_line(table: Table) -> GpioLine:
    return GpioLine(
        *(table.get(GPIO_CHIP), table.get(LINE), table.get(ACTIVE_LOW), table.get(BIAS)), is_input=_is_input(table)
    )


_LINUX: Mapping[str, tuple[Section, Callable[[Table], Linux]]] = {
    I2C: (LINUX_I2C, lambda table: I2cAdapter(table.get(I2C_BUS))),
    SPI: (
        LINUX_SPI,
        lambda table: SpiSelect(table.get(SPI_BUS), table.get(CHIP_SELECT), table.get(HERTZ), table.get(MODE)),
    ),
    GPIO: (LINUX_GPIO, _gpio_line),
    PWM: (LINUX_PWM, lambda table: PwmChannel(table.get(PWM_CHIP), table.get(CHANNEL), table.get(PERIOD))),
}
