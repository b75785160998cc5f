"""Runs the components of one workload until one of them is stopped or all are cancelled.

Each component has its own pool of instances, its own queue of calls and, while it is called, a thread. Components that
others call are loaded before those; a call between two runs in the caller's thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import wasmtime
from wasmtime.component import Component as WasmComponent

from edge_host.blob_places import BlobPlaces
from edge_host.engine import EpochTicker
from edge_host.errors import StopError
from edge_host.guest import Guest, check, provider_of
from edge_host.interfaces.context import GuestContext, Sink
from edge_host.isolation import Spares
from edge_host.key_values import KeyValueFile, KeyValues
from edge_host.labels import Labels
from edge_host.links import ComponentBus, bus_for
from edge_host.messages import Bus
from edge_host.pool import Counts, Pool, PoolRules
from edge_host.routes import Routes
from edge_host.schedule_log import ScheduleLog
from edge_host.scheduler import Clock
from edge_host.secrets import Secrets
from edge_host.serving import Serving, finish
from edge_host.threads import GuestThreads
from edge_host.wall_clock import WallClock
from wire.descriptor import Component
from wire.edge_options import EdgeOptions
from wire.errors import RefusedError
from wire.interfaces import PROBE
from wire.refusals import Refusal
from wire.triggers import Service


@dataclass(frozen=True)
class Host:
    """What all guests of this process share."""

    engine: wasmtime.Engine
    ticker: EpochTicker
    pool: GuestThreads
    labels: Labels
    bus: Bus | ComponentBus
    key_values: KeyValueFile
    routes: Routes = field(default_factory=Routes)
    schedules: ScheduleLog = field(default_factory=ScheduleLog)
    clock: Clock = field(default_factory=WallClock)
    blobs: BlobPlaces | None = None
    secrets: Secrets = field(default_factory=Secrets)
    http_address: tuple[str, int] | None = None
    """Where the HTTP server of this host listens, whose requests `routes` are for."""

    def forget(self, workload: str) -> None:
        """Forget what a workload kept."""
        self.key_values.remove(workload)
        if self.blobs is not None:
            self.blobs.remove(workload)

    def for_component(self, described: Component) -> Host:
        """The host as a component sees it whose messages may take other ways; raises `RefusedError`."""
        bus = bus_for(self.bus, self.labels, described.edge)
        return self if bus is self.bus else replace(self, bus=bus)


@dataclass(frozen=True)
class Part:
    """One component of a workload: its code, its part of the descriptor, and where its output goes."""

    code: WasmComponent
    described: Component
    sink: Sink


Called = Callable[[Part, str | None], None]
"""Told of each call that ended, in the thread of the call: the guest's error text, or None for a good one."""


def check_parts(engine: wasmtime.Engine, codes: Sequence[WasmComponent], components: Sequence[Component]) -> None:
    """Refuse components that do not fit their descriptor, this host or each other; raises `RefusedError`."""
    _check_providers(components)
    by_name = {component.name: code for component, code in zip(components, codes, strict=True)}
    for code, component in zip(codes, components, strict=True):
        check(engine, code, component, {name: peer for name, peer in by_name.items() if name != component.name})
    in_order(components)


def _check_providers(components: Sequence[Component]) -> None:
    """A service has one instance, which is in a call all the time: nobody else can call it."""
    serving = {
        component.name
        for component in components
        if any(isinstance(trigger, Service) for trigger in component.triggers)
    }
    for component in components:
        for name, provider in providers(component).items():
            if provider in serving:
                raise RefusedError(
                    Refusal.INCOMPATIBLE, f"{name}: component {provider} is a service, which others cannot call"
                )


def in_order(components: Sequence[Component]) -> list[Component]:
    """Each component after those it calls; raises `RefusedError` when they call each other in a ring."""
    ordered: list[Component] = []
    left = list(components)
    while left:
        done = {component.name for component in ordered}
        ready = [component for component in left if done.issuperset(providers(component).values())]
        if not ready:
            names = ", ".join(component.name for component in left)
            raise RefusedError(Refusal.INCOMPATIBLE, f"the components {names} call each other in a ring")
        ordered += ready
        left = [component for component in left if component not in ready]
    return ordered


def providers(component: Component) -> Mapping[str, str]:
    """Which component of the workload provides each import that no host offers."""
    found = {name: provider_of(name, component) for name in component.grants}
    return {name: provider for name, provider in found.items() if provider is not None}


class Running:
    """One release of a workload in this process. Belongs to the event loop's thread."""

    def __init__(
        self, host: Host, name: str, parts: Sequence[Part], called: Called, spares: Spares = lambda _stop: False
    ) -> None:
        """`called` is told of each call that ended; `spares` says which stops end their call alone."""
        self._host = host
        self._name = name
        self._parts = {part.described.name: part for part in parts}
        self._called = called
        self._spares = spares
        self._hosts: dict[str, Host] = {}
        self._pools: dict[str, Pool] = {}
        self._servings: list[Serving] = []
        self._is_held = False

    async def run(self, loaded: Callable[[], None] = lambda: None) -> None:
        """Load all components, tell `loaded`, let the triggers call, and go on so until cancelled.

        Raises `StopError`, which names the component, when a stop ends more than its call, `RefusedError` when one does
        not fit here.
        """
        try:
            for component in in_order([part.described for part in self._parts.values()]):
                await self._load(component)
            await self._serve(loaded)
        finally:
            for pool in self._pools.values():
                await finish(asyncio.get_running_loop().run_in_executor(self._host.pool, pool.close))

    def hold(self) -> None:
        """Stand by: everything stays loaded, and no trigger calls until `resume`."""
        self._is_held = True
        for serving in self._servings:
            serving.hold()

    def resume(self) -> None:
        """Let the triggers call again."""
        if self._is_held:
            self._is_held = False
            self._start()

    def _start(self) -> None:
        for serving in self._servings:
            serving.start()

    def instances(self) -> dict[str, Counts]:
        """How many instances each component has."""
        return {name: pool.count() for name, pool in self._pools.items()}

    async def check_health(self) -> str | None:
        """Ask every component that exports `petiole:health/probe`; what is wrong, or None."""
        asked = [serving for serving in self._servings if serving.has_probe]
        if not asked:
            return "it is not loaded yet" if not self._servings else f"no component exports {PROBE.full_name}"
        for serving in asked:
            problem = await serving.check_health()
            if problem is not None:
                return problem
        return None

    def _ends_alone(self, stop: StopError) -> bool:
        """Whether a call ends alone that was stopped in one of the components, maybe one that it called."""
        pool = self._pools.get(stop.component)
        return pool is not None and not pool.rules.keeps_one and self._spares(stop)

    async def _load(self, described: Component) -> None:
        part = self._parts[described.name]
        self._hosts[described.name] = self._host.for_component(described)
        pool = Pool(self._maker(part), PoolRules.of(described), described.limits.fuel_per_second)
        self._pools[described.name] = pool
        try:
            await finish(asyncio.get_running_loop().run_in_executor(self._host.pool, pool.prepare))
        except StopError as stop:
            raise stop.of(described.name) from None

    def _maker(self, part: Part) -> Callable[[], Guest]:
        """Makes instances of a component that share its rates and what it keeps."""
        host, described = self._host, part.described
        values = host.key_values.component(self._name, described.name, described.limits.key_value_bytes)
        peers = {interface: self._pools[provider] for interface, provider in providers(described).items()}
        first = context = self._context(part, values)

        def make() -> Guest:
            nonlocal context
            made, context = context, self._context(part, values)
            made.share_rates(first)
            return Guest(host.engine, host.ticker, part.code, made, peers=peers, name=described.name)

        return make

    def _context(self, part: Part, values: KeyValues) -> GuestContext:
        described, host = part.described, self._hosts[part.described.name]
        options = described.edge or EdgeOptions()
        secrets = host.secrets.read(options.secrets)
        config = {**described.config, **secrets}
        context = GuestContext(
            *(described.grants, described.limits, config, host.labels, part.sink, host.bus, values), options, secrets
        )
        if host.blobs is not None:
            context.blobs = partial(host.blobs.of_workload, self._name)
        return context

    async def _serve(self, loaded: Callable[[], None]) -> None:
        self._servings = [
            Serving(self._hosts[name], self._name, self._parts[name], pool, self._called, spares=self._ends_alone)
            for name, pool in self._pools.items()
        ]
        running = [asyncio.create_task(serving.run()) for serving in self._servings]
        try:
            with self._host.bus.still():  # between the release before and this one nothing is lost
                loaded()
                if not self._is_held:
                    self._start()
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for pool in self._pools.values():
                pool.cancel()
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


async def run_workload(host: Host, name: str, parts: Sequence[Part], called: Called) -> None:
    """Run the workload `name` until cancelled; raises as `Running.run` does."""
    await Running(host, name, parts, called).run()
