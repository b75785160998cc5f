"""Runs the components of one workload until one of them is stopped or all are cancelled.

Each component has its own guest, its own queue of calls and, while it is called, a thread of the pool. Components
that others call are loaded before those; a call between two runs in the caller's thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import wasmtime
from wasmtime.component import Component as WasmComponent

from edge_host.engine import EpochTicker
from edge_host.errors import StopError
from edge_host.guest import Call, Guest, check, provider_of
from edge_host.interfaces.context import TELL_SECONDS, GuestContext, Rate, Sink
from edge_host.key_values import KeyValueFile
from edge_host.labels import Labels
from edge_host.messages import Bus
from edge_host.routes import Routes
from edge_host.triggers import SERVE, Calls, Triggers
from wire.descriptor import Component
from wire.errors import RefusedError
from wire.refusals import Refusal

Result = TypeVar("Result")


@dataclass(frozen=True)
class Host:
    """What all guests of this process share."""

    engine: wasmtime.Engine
    ticker: EpochTicker
    pool: Executor
    labels: Labels
    bus: Bus
    key_values: KeyValueFile
    routes: Routes = field(default_factory=Routes)


@dataclass(frozen=True)
class Part:
    """One component of a workload: its code, its part of the descriptor, and where its output goes."""

    code: WasmComponent
    described: Component
    sink: Sink


Called = Callable[[Part, str | None], None]
"""Told of each call that ended: the guest's error text, or None for a good one."""


def check_parts(engine: wasmtime.Engine, codes: Sequence[WasmComponent], components: Sequence[Component]) -> None:
    """Refuse components that do not fit their descriptor, this host or each other; raises `RefusedError`."""
    by_name = {component.name: code for component, code in zip(components, codes, strict=True)}
    for code, component in zip(codes, components, strict=True):
        check(engine, code, component, {name: peer for name, peer in by_name.items() if name != component.name})
    in_order(components)


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


async def run_workload(host: Host, name: str, parts: Sequence[Part], called: Called) -> None:
    """Run the workload `name` until cancelled.

    Raises `StopError`, which names the component, when one is stopped, `RefusedError` when one does not fit this host.
    """
    by_name = {part.described.name: part for part in parts}
    guests: dict[str, Guest] = {}
    try:
        for component in in_order([part.described for part in parts]):
            guests[component.name] = await _load(host, name, by_name[component.name], guests)
        serving = [
            asyncio.create_task(_serve(host, by_name[component], guest, called)) for component, guest in guests.items()
        ]
        try:
            done, _ = await asyncio.wait(serving, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for guest in guests.values():
                guest.cancel()
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)
    finally:
        for guest in guests.values():
            await _finish(asyncio.get_running_loop().run_in_executor(host.pool, guest.close))


async def _load(host: Host, workload: str, part: Part, guests: Mapping[str, Guest]) -> Guest:
    described = part.described
    context = GuestContext(
        *(described.grants, described.limits, described.config, host.labels, part.sink, host.bus),
        host.key_values.component(workload, described.name, described.limits.key_value_bytes),
    )
    peers = {interface: guests[provider] for interface, provider in providers(described).items()}
    making = asyncio.get_running_loop().run_in_executor(
        host.pool, partial(Guest, host.engine, host.ticker, part.code, context, peers=peers, name=described.name)
    )
    try:
        return await _finish(making)
    except asyncio.CancelledError:
        if not making.cancelled() and making.exception() is None:
            making.result().close()
        raise
    except StopError as stop:
        raise stop.of(described.name) from None


async def _serve(host: Host, part: Part, guest: Guest, called: Called) -> None:
    """Call the guest as its triggers want, and let it rest until its refill covers the fuel it used."""
    loop = asyncio.get_running_loop()

    told = Rate(1, TELL_SECONDS)
    calls = Calls(part.sink.dropped)
    triggers = Triggers(part.described, host.labels, host.bus, calls)
    try:
        triggers.start()
        while True:
            call: Call = await calls.next()
            if guest.rested_at > loop.time():
                if told.may_tell():
                    part.sink.limit("fuel-per-second", part.described.limits.fuel_per_second)
                await asyncio.sleep(guest.rested_at - loop.time())
            error = await _finish(loop.run_in_executor(host.pool, guest.handle, call))
            if call is SERVE:
                raise StopError("error", error or "the service ended")
            called(part, error)
    except StopError as stop:
        raise stop.of(part.described.name, guest.fuel_used) from None
    finally:
        triggers.close()


async def _finish(work: asyncio.Future[Result]) -> Result:
    """The result of work in a thread, which cannot be interrupted: a cancellation waits for its end."""
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        work.exception()  # it belongs to a call that nobody waits for any more
        raise
