"""The WIT interfaces that hosts of ours know: their versions, and which one brings which other with it (wit/).

A grant names an interface in full, for example `wasi:i2c/i2c@0.2.0-draft`.
"""

from collections.abc import Container
from dataclasses import dataclass


@dataclass(frozen=True)
class Interface:
    """One interface.

    `labelled` when its resources are opened by label; `companions` come with its grant; a `free` one reaches
    nothing by itself and needs no grant.
    """

    package: str
    name: str
    version: str
    labelled: bool = False
    companions: tuple[str, ...] = ()
    free: bool = False

    @property
    def full_name(self) -> str:
        """The name that a component imports or exports."""
        return f"{self.package}/{self.name}@{self.version}"


POLL = Interface("wasi:io", "poll", "0.2.0", free=True)
GPIO_TYPES = Interface("wasi:gpio", "types", "0.2.0", free=True)
MESSAGING_TYPES = Interface("wasmcloud:messaging", "types", "0.2.0", free=True)

BUSES = Interface("petiole:i2c", "buses", "0.1.0")
SYNCHRONIZATION = Interface("petiole:clock", "synchronization", "0.1.0")

LOGGING = Interface("wasi:logging", "logging", "0.1.0-draft")
CLOCK = Interface("wasi:clocks", "monotonic-clock", "0.2.0")
WALL_CLOCK = Interface("wasi:clocks", "wall-clock", "0.2.0", companions=(SYNCHRONIZATION.full_name,))
RANDOM = Interface("wasi:random", "random", "0.2.0")
CONFIG = Interface("wasi:config", "store", "0.2.0-rc.1")
KEY_VALUE = Interface("wasi:keyvalue", "store", "0.2.0-draft", labelled=True)
ATOMICS = Interface("wasi:keyvalue", "atomics", "0.2.0-draft")
I2C = Interface("wasi:i2c", "i2c", "0.2.0-draft", labelled=True, companions=(BUSES.full_name,))
SPI = Interface("wasi:spi", "spi", "0.2.0-draft", labelled=True)
GPIO = Interface("wasi:gpio", "digital", "0.2.0", labelled=True)
GPIO_ASYNC = Interface("wasi:gpio", "digital-async", "0.2.0", labelled=True)
PWM = Interface("wasi:gpio", "pwm", "0.2.0", labelled=True)
MESSAGING = Interface("wasmcloud:messaging", "consumer", "0.2.0", labelled=True)
TELEMETRY = Interface("petiole:telemetry", "telemetry", "0.1.0")

IMPORTS = (
    LOGGING,
    CLOCK,
    WALL_CLOCK,
    RANDOM,
    CONFIG,
    KEY_VALUE,
    ATOMICS,
    I2C,
    SPI,
    GPIO,
    GPIO_ASYNC,
    PWM,
    MESSAGING,
    TELEMETRY,
    BUSES,
    SYNCHRONIZATION,
    POLL,
    GPIO_TYPES,
    MESSAGING_TYPES,
)
"""Everything a component may import."""

HANDLER = Interface("petiole:schedule", "handler", "0.1.0")
"""What a component exports to be called on a schedule: `run`."""

EDGE_HANDLER = Interface("petiole:gpio", "handler", "0.1.0")
"""What a component exports to be called when an input changes: `edge`."""

MESSAGE_HANDLER = Interface("wasmcloud:messaging", "handler", "0.2.0")
"""What a component exports to be called with messages: `handle-message`."""

SERVICE = Interface("wasi:cli", "run", "0.2.0")
"""What a component exports to run by itself: `run`."""

HTTP_HANDLER = Interface("wasi:http", "incoming-handler", "0.2.0")
"""What a component exports to answer HTTP requests; edge hosts alone have it."""

EXPORTS = (HANDLER, EDGE_HANDLER, MESSAGE_HANDLER, SERVICE, HTTP_HANDLER)
"""Everything a host may call."""

_BY_FULL_NAME = {interface.full_name: interface for interface in IMPORTS}
_COMPANION_OF = {companion: interface for interface in IMPORTS for companion in interface.companions}


def find(full_name: str) -> Interface | None:
    """The interface that a component imports under this name, or None when hosts do not offer it."""
    return _BY_FULL_NAME.get(full_name)


def granting(full_name: str) -> str:
    """The interface whose grant allows the import `full_name`: itself, or the one whose companion it is."""
    interface = _COMPANION_OF.get(full_name)
    return interface.full_name if interface else full_name


def granted(full_name: str, grants: Container[str]) -> bool:
    """Whether a component with these grants may import `full_name`."""
    interface = find(full_name)
    return granting(full_name) in grants or (interface is not None and interface.free)
