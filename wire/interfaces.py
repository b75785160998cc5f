"""The WIT interfaces that hosts of ours know: their versions, and which one brings which other with it (wit/).

A grant names an interface in full, for example `wasi:i2c/i2c@0.2.0-draft`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Interface:
    """One importable interface; `labelled` when its resources are opened by label; `companions` come with its grant."""

    package: str
    name: str
    version: str
    labelled: bool = False
    companions: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """The name that a component imports."""
        return f"{self.package}/{self.name}@{self.version}"


BUSES = Interface("petiole:i2c", "buses", "0.1.0")
GPIO_TYPES = Interface("wasi:gpio", "types", "0.2.0")
I2C = Interface("wasi:i2c", "i2c", "0.2.0-draft", labelled=True, companions=(BUSES.full_name,))
GPIO = Interface("wasi:gpio", "digital", "0.2.0", labelled=True, companions=(GPIO_TYPES.full_name,))
LOGGING = Interface("wasi:logging", "logging", "0.1.0-draft")
CLOCK = Interface("wasi:clocks", "monotonic-clock", "0.2.0")
CONFIG = Interface("wasi:config", "store", "0.2.0-rc.1")
TELEMETRY = Interface("petiole:telemetry", "telemetry", "0.1.0")

IMPORTS = (LOGGING, CLOCK, CONFIG, I2C, GPIO, TELEMETRY, BUSES, GPIO_TYPES)
"""Everything a component may import."""

HANDLER = Interface("petiole:schedule", "handler", "0.1.0")
"""What a component exports to be called on a schedule."""

_BY_FULL_NAME = {interface.full_name: interface for interface in IMPORTS}
_COMPANION_OF = {companion: interface for interface in IMPORTS for companion in interface.companions}


def find(full_name: str) -> Interface | None:
    """The interface that a component imports under this name, or None when hosts do not offer it."""
    return _BY_FULL_NAME.get(full_name)


def granting(full_name: str) -> str:
    """The interface whose grant allows the import `full_name`: itself, or the one whose companion it is."""
    interface = _COMPANION_OF.get(full_name)
    return interface.full_name if interface else full_name
