"""The WIT interfaces that hosts of ours know: their versions, and which one brings which other with it (wit/).

A grant names an interface in full, for example `wasi:i2c/i2c@0.2.0-draft`.
"""

import re
from collections.abc import Container
from dataclasses import dataclass


@dataclass(frozen=True)
class Interface:
    """One interface.

    `labelled` when its resources are opened by label; `companions` come with its grant; a `free` one reaches
    nothing by itself and needs no grant. Boards do not have an `edge_only` one.
    """

    package: str
    name: str
    version: str
    labelled: bool = False
    companions: tuple[str, ...] = ()
    free: bool = False
    edge_only: bool = False

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

EVERYWHERE = (
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
"""Everything a component may import on boards and on edge hosts."""


def _program(package: str, *names: str) -> tuple[Interface, ...]:
    """Interfaces that programs import whether or not they use them: they reach nothing by themselves."""
    return tuple(Interface(package, name, "0.2.0", free=True, edge_only=True) for name in names)


IO_ERROR, STREAMS = _program("wasi:io", "error", "streams")
ENVIRONMENT, EXIT, STDIN, STDOUT, STDERR = _program("wasi:cli", "environment", "exit", "stdin", "stdout", "stderr")
TERMINALS = _program(
    *("wasi:cli", "terminal-input", "terminal-output"), *("terminal-stdin", "terminal-stdout", "terminal-stderr")
)
INSECURE, INSECURE_SEED = _program("wasi:random", "insecure", "insecure-seed")
FILES, PREOPENS = _program("wasi:filesystem", "types", "preopens")
"""Which folders there are is said by the mounts of a component (`wire.edge_options`)."""

SOCKETS = _program(
    *("wasi:sockets", "network", "instance-network", "tcp", "tcp-create-socket", "udp", "udp-create-socket"),
    "ip-name-lookup",
)
"""No socket opens: programs find `access-denied`."""

BATCH = Interface("wasi:keyvalue", "batch", "0.2.0-draft", edge_only=True)
BLOB_TYPES = Interface("wasi:blobstore", "types", "0.2.0-draft", free=True, edge_only=True)
BLOB_CONTAINER = Interface("wasi:blobstore", "container", "0.2.0-draft", free=True, edge_only=True)
BLOBSTORE = Interface("wasi:blobstore", "blobstore", "0.2.0-draft", labelled=True, edge_only=True)
"""The labels of a grant are names of containers."""

HTTP_TYPES = Interface("wasi:http", "types", "0.2.0", free=True, edge_only=True)
OUTGOING_HTTP = Interface("wasi:http", "outgoing-handler", "0.2.0", edge_only=True)
"""Which hosts may be asked is said by the allowed hosts of a component (`wire.edge_options`)."""

SERIAL = Interface("petiole:serial", "ports", "0.1.0", labelled=True, edge_only=True)

EDGE_ONLY = (
    IO_ERROR,
    STREAMS,
    ENVIRONMENT,
    EXIT,
    STDIN,
    STDOUT,
    STDERR,
    *TERMINALS,
    INSECURE,
    INSECURE_SEED,
    FILES,
    PREOPENS,
    *SOCKETS,
    BATCH,
    BLOB_TYPES,
    BLOB_CONTAINER,
    BLOBSTORE,
    HTTP_TYPES,
    OUTGOING_HTTP,
    SERIAL,
)
"""What edge hosts alone offer."""

IMPORTS = EVERYWHERE + EDGE_ONLY
"""Everything a component may import."""

HANDLER = Interface("petiole:schedule", "handler", "0.1.0")
"""What a component exports to be called on a schedule: `run`."""

EDGE_HANDLER = Interface("petiole:gpio", "handler", "0.1.0")
"""What a component exports to be called when an input changes: `edge`."""

MESSAGE_HANDLER = Interface("wasmcloud:messaging", "handler", "0.2.0")
"""What a component exports to be called with messages: `handle-message`."""

SERVICE = Interface("wasi:cli", "run", "0.2.0")
"""What a component exports to run by itself: `run`."""

HTTP_HANDLER = Interface("wasi:http", "incoming-handler", "0.2.0", edge_only=True)
"""What a component exports to answer HTTP requests; edge hosts alone have it."""

PROBE = Interface("petiole:health", "probe", "0.1.0", edge_only=True)
"""What a component exports to say whether it works, where its probation asks for it: `check`."""

EXPORTS = (HANDLER, EDGE_HANDLER, MESSAGE_HANDLER, SERVICE, HTTP_HANDLER)
"""Everything a host may call."""

_BY_FULL_NAME = {interface.full_name: interface for interface in (*IMPORTS, *EXPORTS)}
_COMPANION_OF = {companion: interface for interface in IMPORTS for companion in interface.companions}
_RELEASE = re.compile(r"([^@]+@[0-9]+\.[0-9]+)\.[0-9]+", re.ASCII)
_BY_RELEASE = {found[1]: name for name in _BY_FULL_NAME if (found := _RELEASE.fullmatch(name))}


def known_name(full_name: str) -> str:
    """The name that hosts of ours have for an interface: of one release, 0.2.6 is taken for 0.2.0.

    A later patch of a release may have more functions; who uses one of them is refused when types are compared.
    """
    found = _RELEASE.fullmatch(full_name)
    return _BY_RELEASE.get(found[1], full_name) if found else full_name


def find(full_name: str) -> Interface | None:
    """The interface that a component imports under this name, or None when hosts do not offer it."""
    interface = _BY_FULL_NAME.get(known_name(full_name))
    return None if interface in EXPORTS else interface


def granting(full_name: str) -> str:
    """The interface whose grant allows the import `full_name`: itself, or the one whose companion it is."""
    name = known_name(full_name)
    interface = _COMPANION_OF.get(name)
    return interface.full_name if interface else name


def granted(full_name: str, grants: Container[str]) -> bool:
    """Whether a component with these grants may import `full_name`."""
    interface = find(full_name)
    return granting(full_name) in grants or (interface is not None and interface.free)
