"""Guests in this process, on one engine, with all that the agent would give them."""

from __future__ import annotations

from pathlib import Path

from wasmtime.component import Component as WasmComponent

from edge_host.blob_places import BlobPlaces
from edge_host.engine import EpochTicker, new_engine
from edge_host.errors import OutboxFullError
from edge_host.guest import Guest, check
from edge_host.interfaces.context import GuestContext
from edge_host.key_values import KeyValueFile
from edge_host.labels import Folder, Labels
from edge_host.messages import Bus
from edge_host.runner import Host
from edge_host.secrets import Secrets
from edge_host.simulated import SimulatedBus, SimulatedPin, SimulatedPwm, SimulatedSpi, Tmp105
from edge_host.simulated_serial import Loop
from edge_host.threads import GuestThreads
from tests.edge_host.fleet_double import GRANTS
from wire.descriptor import Component, Grant, Limits
from wire.triggers import Every, Trigger

WORKLOAD = "bench"


class Recorder:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, str]] = []
        self.measured: list[tuple[str, str, object]] = []
        self.limits: list[tuple[str, int]] = []
        self.drops: list[int] = []
        self.full = False

    def log(self, level: str, context: str, message: str) -> None:
        self.lines.append((level, context, message))

    def measure(self, name: str, unit: str, value: float | str | bool) -> None:
        if self.full:
            raise OutboxFullError("full")
        self.measured.append((name, unit, value))

    def limit(self, name: str, value: int) -> None:
        self.limits.append((name, value))

    def dropped(self, count: int) -> None:
        self.drops.append(count)


class Bench:
    """Makes guests; `close` ends them."""

    def __init__(self, folder: Path) -> None:
        engine = new_engine()
        self.sink = Recorder()
        self.world = folder / "celsius"
        self.world.write_text("23.75")
        self.readings = self._folder(folder / "readings")
        loop_out = SimulatedPin()
        self.dimmer = SimulatedPwm()
        self.pins = {
            "led": SimulatedPin(),
            "button": SimulatedPin(is_input=True),
            "loop-out": loop_out,
            "loop-in": loop_out,
        }
        self.labels = Labels(
            {
                "i2c-env": SimulatedBus({0x48: Tmp105(self.world)}),
                "spi-loop": SimulatedSpi(),
                "dimmer": self.dimmer,
                "serial-loop": Loop(),
                "files": Folder(self._folder(folder / "files"), False),
                "readings": Folder(self.readings, True),
                "fixed": Folder(self._folder(folder / "fixed"), True),
                **self.pins,
            }
        )
        self.bus = Bus()
        self.key_values = KeyValueFile(folder / "keyvalue.db")
        self.pool = GuestThreads(16)
        self.blobs = BlobPlaces(folder / "blobs", self.labels)
        self.secrets = Secrets(folder / "secrets")
        self.host = Host(
            *(engine, EpochTicker(engine, self.pool.look), self.pool, self.labels, self.bus, self.key_values),
            blobs=self.blobs,
            secrets=self.secrets,
        )
        self.guests: list[Guest] = []

    @staticmethod
    def _folder(path: Path) -> Path:
        path.mkdir()
        (path / "greeting.txt").write_text("hello from outside")
        return path

    @property
    def engine(self):
        return self.host.engine

    def context(self, grants: dict[str, Grant] | None = None, limits: Limits | None = None) -> GuestContext:
        limits = limits or Limits()
        values = self.key_values.component(WORKLOAD, "guest", limits.key_value_bytes)
        given = GRANTS if grants is None else grants
        return GuestContext(given, limits, {"a": "1"}, self.labels, self.sink, self.bus, values)

    def guest(
        self,
        wasm: bytes,
        grants: dict[str, Grant] | None = None,
        limits: Limits | None = None,
        triggers: tuple[Trigger, ...] = (Every(50),),
    ) -> Guest:
        code = WasmComponent(self.engine, wasm)
        context = self.context(grants, limits)
        check(self.engine, code, Component("guest", dict(context.grants), context.limits, {}, triggers), {})
        guest = Guest(self.engine, self.host.ticker, code, context)
        self.guests.append(guest)
        return guest

    def close(self) -> None:
        for guest in self.guests:
            guest.close()
        self.host.ticker.close()
        self.key_values.close()
        self.pool.shutdown()
