"""Labels that are no hardware of a bus: folders, stores, links to brokers, serial ports.

::

    [labels.recipes]
    interface = "wasi:filesystem/preopens"
    path = "/srv/recipes"
    read-only = true
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from edge_host.settings import Choice, File, Flag, Integer, Section, Text
from edge_host.toml_table import Table

FOLDERS, KEY_VALUES, BLOBS = "wasi:filesystem/preopens", "wasi:keyvalue/store", "wasi:blobstore/blobstore"
MESSAGING, SERIAL = "wasmcloud:messaging/consumer", "petiole:serial/ports"
MEBIBYTE = 1024 * 1024

PATH = File("path", "the folder; it must be there")
READ_ONLY = Flag("read-only", "whether guests may only read; a mount of a workload may ask for that too")
FOLDER = Section("labels.NAME", "A folder of this machine, for mounts of workloads.", (PATH, READ_ONLY), FOLDERS)

KEY_VALUE_FILE = File("file", "the SQLite file", optional=True, shown="`<state>/<NAME>.keyvalue.db`")
SQLITE_VALUES = Section(
    "labels.NAME", "The bucket NAME in a file of its own.", (KEY_VALUE_FILE,), f"sqlite {KEY_VALUES}"
)
MEMORY_VALUES = Section("labels.NAME", "The bucket NAME in memory: a restart forgets it.", (), f"memory {KEY_VALUES}")

BLOB_PATH = File("path", "the folder; made when it is missing")
BLOB_BYTES = Integer("limit-bytes", "the most bytes of a workload in it", 64 * MEBIBYTE, least=1, most=1 << 50)
BLOB_FOLDER = Section("labels.NAME", "The container NAME in a folder of its own.", (BLOB_PATH, BLOB_BYTES), BLOBS)

URL = Text("url", "`mqtt://HOST:PORT`, `mqtts://...` or `nats://...` of a broker, without a password")
LINK_CA = File("ca", "PEM file of the authority that signed the broker's certificate, for `mqtts`", optional=True)
LINK_CERTIFICATE = File("certificate", "PEM file of this client's certificate", optional=True)
LINK_KEY = File("key", "PEM file of its key", optional=True)
PREFIX = Text("prefix", "what the broker's topics or subjects begin with before a guest's subject", optional=True)
MQTT_LINK = Section(
    "labels.NAME",
    "Another MQTT broker for messages that workloads bind to NAME; dots of subjects are slashes of topics there.",
    (URL, PREFIX, LINK_CA, LINK_CERTIFICATE, LINK_KEY),
    f"mqtt {MESSAGING}",
)
NATS_LINK = Section(
    "labels.NAME", "A NATS server for messages that workloads bind to NAME.", (URL, PREFIX), f"nats {MESSAGING}"
)
LOCAL_LINK = Section(
    "labels.NAME",
    "A bus of its own for messages that workloads bind to NAME, on this host alone.",
    (),
    f"local {MESSAGING}",
)

PORT = Text("port", "the serial device, for example `/dev/serial/by-id/...`")
BAUD = Integer("baud", "bits a second", 115_200, least=50, most=4_000_000)
DATA_BITS = Integer("data-bits", "bits of a character", 8, least=5, most=8)
PARITY = Choice("parity", "the parity bit", "none", choices=("none", "even", "odd"))
STOP_BITS = Integer("stop-bits", "stop bits of a character", 1, least=1, most=2)
LINUX_SERIAL = Section("labels.NAME", "A serial port.", (PORT, BAUD, DATA_BITS, PARITY, STOP_BITS), f"linux {SERIAL}")
SIMULATED_SERIAL = Section("labels.NAME", "A port whose output is wired to its input.", (), f"simulated {SERIAL}")

SECTIONS = (
    *(FOLDER, SQLITE_VALUES, MEMORY_VALUES, BLOB_FOLDER, MQTT_LINK, NATS_LINK, LOCAL_LINK),
    *(LINUX_SERIAL, SIMULATED_SERIAL),
)


@dataclass(frozen=True)
class FolderAt:
    """A folder of this machine."""

    path: Path
    read_only: bool


@dataclass(frozen=True)
class ValuesIn:
    """Keys and values in a SQLite file; in memory without one."""

    file: Path | None


@dataclass(frozen=True)
class BlobsIn:
    """Objects in a folder, at most so many bytes for each workload."""

    path: Path
    limit: int


@dataclass(frozen=True)
class LinkTo:
    """A broker for guests' messages, or a bus of their own without a `host`."""

    backend: str
    host: str = ""
    port: int = 0
    prefix: str = ""
    tls: bool = False
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True)
class SerialAt:
    """A serial port and its frame; a loop without a `port`."""

    port: str | None
    baud: int = 115_200
    data_bits: int = 8
    parity: str = "none"
    stop_bits: int = 1


Target = FolderAt | ValuesIn | BlobsIn | LinkTo | SerialAt

_PORTS = {"mqtt": 1883, "mqtts": 8883, "nats": 4222}


def read_target(interface: str, backend: str | None, name: str, table: Table) -> Target | None:
    """What a label of one of these interfaces is; None for an interface that is not of this module."""
    backends = _TARGETS.get(interface)
    if backends is None:
        return None
    if backend not in backends:
        known = ", ".join(sorted(filter(None, backends)))
        wanted = f"{interface} has the backends {known}" if known else f"{interface} has no backends: leave it out"
        raise table.error("backend", wanted)
    section, read = backends[backend]
    table.also(section)
    return read(name, table)


def _values(name: str, table: Table) -> ValuesIn:
    return ValuesIn(table.find(KEY_VALUE_FILE) or Path(f"{name}.keyvalue.db"))


def _link(backend: str) -> Callable[[str, Table], LinkTo]:
    def read(_name: str, table: Table) -> LinkTo:
        url = table.get(URL)
        schemes = ("mqtt", "mqtts") if backend == "mqtt" else ("nats",)
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            raise table.error("url", f"{url!r} has a wrong port") from None
        if parts.scheme not in schemes or not parts.hostname:
            raise table.error("url", f"{url!r} is not {' or '.join(f'{scheme}://host:port' for scheme in schemes)}")
        if parts.username or parts.password:
            raise table.error("url", "must not hold a password; use a certificate, or a broker on this machine")
        prefix = table.find(PREFIX) or ""
        tls = parts.scheme == "mqtts"
        files = (
            [table.find(key) for key in (LINK_CA, LINK_CERTIFICATE, LINK_KEY)]
            if backend == "mqtt"
            else [None, None, None]
        )
        return LinkTo(backend, parts.hostname, port or _PORTS[parts.scheme], prefix, tls, *files)

    return read


def _serial(_name: str, table: Table) -> SerialAt:
    return SerialAt(*(table.get(PORT), table.get(BAUD), table.get(DATA_BITS), table.get(PARITY), table.get(STOP_BITS)))


_TARGETS: Mapping[str, Mapping[str | None, tuple[Section, Callable[[str, Table], Target]]]] = {
    FOLDERS: {None: (FOLDER, lambda _name, table: FolderAt(table.get(PATH), table.get(READ_ONLY)))},
    KEY_VALUES: {"sqlite": (SQLITE_VALUES, _values), "memory": (MEMORY_VALUES, lambda *_: ValuesIn(None))},
    BLOBS: {None: (BLOB_FOLDER, lambda _name, table: BlobsIn(table.get(BLOB_PATH), table.get(BLOB_BYTES)))},
    MESSAGING: {
        "mqtt": (MQTT_LINK, _link("mqtt")),
        "nats": (NATS_LINK, _link("nats")),
        "local": (LOCAL_LINK, lambda *_: LinkTo("local")),
    },
    SERIAL: {"linux": (LINUX_SERIAL, _serial), "simulated": (SIMULATED_SERIAL, lambda *_: SerialAt(None))},
}
INTERFACES = tuple(_TARGETS)
BACKENDS = tuple(dict.fromkeys(name for backends in _TARGETS.values() for name in backends if name))
