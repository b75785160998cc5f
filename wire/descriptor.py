"""The deployment descriptor: what a workload is allowed and how it runs (formats.md section 5).

It travels inside the signed manifest (`wire.suit`), so who verified one knows both the code and its permissions.
"""

from dataclasses import dataclass, field
from typing import Annotated, Any

from wire import cbor, records, triggers
from wire.edge_options import EdgeOptions
from wire.errors import MalformedError
from wire.names import check_name
from wire.probation import Probation as Probation  # noqa: PLC0414 a part of the descriptor
from wire.records import Key
from wire.subjects import check_filter
from wire.triggers import Trigger

FORMAT = 1
MAX_VERSION_BYTES = 32

MESSAGING = "wasmcloud:messaging/"
"""How the interfaces begin whose grants have subject filters for labels."""


@dataclass(frozen=True)
class Grant:
    """Permission to use one interface; `labels` are the resources it may open (None: the interface has none).

    For `wasi:keyvalue` they are buckets, for `wasmcloud:messaging` subject filters, for an import that another
    component of the workload exports the name of that component.
    """

    labels: Annotated[tuple[str, ...] | None, Key(0)] = None


@dataclass(frozen=True)
class Limits:
    """Limits of one component; a missing one has the default that every host knows.

    Bytes, but: `fuel_per_call` and `fuel_per_second` in units of Wasmtime's fuel, `handles` a number of open resources,
    `messages_per_second` telemetry records and log lines together.
    """

    fuel_per_call: Annotated[int, Key(0)] = 1_000_000
    memory: Annotated[int, Key(1)] = 65_536
    stack: Annotated[int, Key(2)] = 4_096
    host_call_bytes: Annotated[int, Key(3)] = 4_096
    fuel_per_second: Annotated[int, Key(4)] = 2_000_000
    handles: Annotated[int, Key(5)] = 8
    messages_per_second: Annotated[int, Key(6)] = 10
    telemetry_bytes_per_hour: Annotated[int, Key(7)] = 262_144
    key_value_bytes: Annotated[int, Key(8)] = 4_096


@dataclass(frozen=True)
class Component:
    """One component's permissions: grants by full import name, limits, configuration, triggers.

    `edge` is None where nothing is asked of edge hosts; boards refuse a component with any.
    """

    name: str
    grants: dict[str, Grant] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    config: dict[str, str] = field(default_factory=dict)
    triggers: tuple[Trigger, ...] = ()
    edge: EdgeOptions | None = None

    def __post_init__(self) -> None:
        check_name("component", self.name)
        for name, grant in self.grants.items():
            for label in grant.labels or ():
                if name.startswith(MESSAGING):
                    check_filter(label)
                else:
                    check_name("label", label)


@dataclass(frozen=True)
class Descriptor:
    """A workload release: its name, its version for people, and its components in the order of the envelope."""

    name: str
    version: str
    components: tuple[Component, ...]
    probation: Probation = field(default_factory=Probation)

    def __post_init__(self) -> None:
        check_name("workload", self.name)
        if not 0 < len(self.version.encode()) <= MAX_VERSION_BYTES:
            raise MalformedError(f"version {self.version!r} is not 1 to {MAX_VERSION_BYTES} bytes long")
        if not self.components:
            raise MalformedError("a descriptor has at least one component")
        names = [component.name for component in self.components]
        if len(set(names)) != len(names):
            raise MalformedError(f"component names are not unique: {', '.join(names)}")

    def encode(self) -> bytes:
        """The descriptor's deterministic CBOR."""
        components = tuple(
            _WireComponent(c.name, c.grants, c.limits, c.config, tuple(t.array() for t in c.triggers), c.edge)
            for c in self.components
        )
        return cbor.encode(records.to_map(_WireDescriptor(FORMAT, self.name, self.version, components, self.probation)))


@dataclass(frozen=True)
class _WireComponent:
    name: Annotated[str, Key(0)]
    grants: Annotated[dict[str, Grant], Key(1)]
    limits: Annotated[Limits, Key(2)]
    config: Annotated[dict[str, str], Key(3)]
    triggers: Annotated[tuple[Any, ...], Key(4)]
    edge: Annotated[EdgeOptions | None, Key(5)] = None


@dataclass(frozen=True)
class _WireDescriptor:
    format: Annotated[int, Key(0)]
    name: Annotated[str, Key(1)]
    version: Annotated[str, Key(2)]
    components: Annotated[tuple[_WireComponent, ...], Key(3)]
    probation: Annotated[Probation, Key(4)]


def encode(descriptor: Descriptor) -> bytes:
    """The descriptor's deterministic CBOR."""
    return descriptor.encode()


def decode(data: bytes) -> Descriptor:
    """The descriptor in `data`; MalformedError names what is wrong with it."""
    raw = records.from_map(_WireDescriptor, cbor.decode_strict(data, "descriptor"), "descriptor")
    if raw.format != FORMAT:
        raise MalformedError(f"descriptor has format {raw.format}; this host understands {FORMAT}")
    return Descriptor(raw.name, raw.version, tuple(_component(c) for c in raw.components), raw.probation)


def _component(raw: _WireComponent) -> Component:
    where = f"trigger of component {raw.name!r}"
    called = tuple(triggers.read(array, where) for array in raw.triggers)
    return Component(raw.name, raw.grants, raw.limits, raw.config, called, raw.edge)
