"""One running component: load with checks, call, stop. No Wasmtime type leaves this module but the component handed in.

A `Guest` runs one call at a time. After it was stopped its store is unusable; make a new guest.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import wasmtime
from wasmtime.component import Component, ComponentInstanceType, Func, Instance, Linker, LinkerInstance, Variant

from edge_host.engine import EpochTicker
from edge_host.errors import StopError
from edge_host.interfaces import OFFERED, conversion, link, shapes
from edge_host.interfaces.adapter import bind
from edge_host.interfaces.context import GuestContext
from edge_host.pace import Pace
from edge_host.stops import cause, stop
from wire.descriptor import Component as Described
from wire.errors import RefusedError
from wire.interfaces import SERVICE, granted, known_name
from wire.refusals import Refusal

INSTANCES = 32
MOST_MEMORIES = 8
TABLES = 16
BYTES_FOR_ELEMENT = 64
"""A table may have one element, of 8 bytes, for each so many bytes of the memory limit."""

_LINKING = threading.Lock()  # wasmtime-py keeps host functions in a list of the process without a lock of its own

conversion.install()


@dataclass(frozen=True)
class Call:
    """A call of an export: the interface's full name, the function and its arguments as Wasmtime takes them."""

    interface: str
    function: str
    arguments: tuple[Any, ...] = ()
    reply_to: str | None = None
    """Where an answer is awaited, which the guest may then publish to without a grant."""


def check(
    engine: wasmtime.Engine,
    component: Component,
    described: Described,
    peers: Mapping[str, Component],
) -> None:
    """Refuse, before anything is linked, a component that does not fit its descriptor, this host or its `peers`.

    `peers` are the other components of the workload by name. Raises `RefusedError`.
    """
    with component.type as kind:
        imports, exports = kind.imports(engine), kind.exports(engine)
    for name in sorted(imports):
        if not granted(name, described.grants):
            raise RefusedError(
                Refusal.NOT_GRANTED, f"{name}: the component imports what the workload file does not grant"
            )
    for name in sorted(imports):
        given = shapes.of_instance(engine, imports[name])
        if known_name(name) in OFFERED:
            problem = shapes.difference(known_name(name), given)
        else:
            problem = _difference_from_peer(engine, name, given, described, peers)
        if problem is not None:
            raise RefusedError(Refusal.INCOMPATIBLE, f"{name}: {problem}")
    exported = {known_name(name): kind for name, kind in exports.items()}
    for trigger in described.triggers:
        given = shapes.of_instance(engine, exported.get(trigger.export))
        if shapes.expected()[trigger.export].items() - given.items():
            raise RefusedError(
                Refusal.INCOMPATIBLE,
                f"{trigger.export}: the component does not export it, which its trigger '{trigger}' calls",
            )


def provider_of(name: str, described: Described) -> str | None:
    """The component of the workload that the import `name` is linked to; None when the host offers it."""
    if known_name(name) in OFFERED:
        return None
    grant = described.grants.get(name)
    return grant.labels[0] if grant is not None and grant.labels else None


def _difference_from_peer(
    engine: wasmtime.Engine, name: str, given: Mapping[str, str], described: Described, peers: Mapping[str, Component]
) -> str | None:
    provider = provider_of(name, described)
    if provider is None or provider not in peers:
        return f"neither this host nor a component of the workload offers it; hosts offer {', '.join(sorted(OFFERED))}"
    with peers[provider].type as kind:
        offered = shapes.of_instance(engine, kind.exports(engine).get(name))
    for function, shape in given.items():
        if shape == shapes.RESOURCE:
            return f"it has the resource {function}, which cannot cross between components"
        if offered.get(function) != shape:
            return f"{function} of component {provider} is {offered.get(function, 'missing')} and not {shape}"
    return None


class Guest:
    """One instance of a component in a store of its own. `call` belongs to whoever comes first; others wait."""

    def __init__(
        self,
        engine: wasmtime.Engine,
        ticker: EpochTicker,
        component: Component,
        context: GuestContext,
        *,
        peers: Mapping[str, Guest] | None = None,
        name: str = "",
    ) -> None:
        """Link and instantiate the component `name` that `check` let through; `peers` by their interfaces' names.

        Raises `RefusedError` when it does not fit here, `StopError` when its start fails.
        """
        self._name = name
        self._context = context
        self._turn = threading.Lock()
        self._functions: dict[tuple[str, str], Func] = {}
        self._store = wasmtime.Store(engine)
        self._linker: Linker | None = None
        self.rested_at = 0.0
        """Monotonic time from which on the refill has covered the fuel that the last call used."""
        try:
            self._linker = linker = self._link(engine, component, peers or {})
            self._instance = self._instantiate(engine, ticker, linker, component)
        except BaseException:
            self.close()
            raise

    @property
    def fuel_used(self) -> int:
        """What the last call has used."""
        return self._pace.fuel_used

    def call(self, call: Call) -> Any:
        """Call an export; gives its value as Wasmtime does. Raises `StopError`."""
        with self._turn:
            function = self._function(call.interface, call.function)
            self._context.begin_call()
            self._context.reply_to = call.reply_to
            self._context.signal.wait(lambda: False, self.rested_at)
            begun = time.monotonic()
            with self._pace.call(is_service=call.interface == SERVICE.full_name):
                try:
                    return function(self._store, *call.arguments)
                except Exception as error:
                    raise self._stopped(error).of(self._name, self.fuel_used) from None
                finally:
                    self.rested_at = begun + self.fuel_used / max(1, self._context.limits.fuel_per_second)

    def handle(self, call: Call) -> str | None:
        """Call a handler: None when it went well, else the error text the guest returned. Raises `StopError`."""
        result = self.call(call)
        if isinstance(result, Variant):
            return None if result.tag == "ok" else "the service ended with an error"
        return None if result is None else str(result)

    def cancel(self) -> None:
        """End the wait that the guest is in, now or next; from any thread."""
        self._context.signal.cancel()

    def close(self) -> None:
        """Free the store and everything the guest held."""
        self._context.handles.clear()
        self._store.close()
        if self._linker is not None:
            with _LINKING:
                self._linker.close()

    def _link(self, engine: wasmtime.Engine, component: Component, peers: Mapping[str, Guest]) -> Linker:
        with component.type as kind:
            imports = kind.imports(engine)
            self._exports = {known_name(name): name for name in kind.exports(engine)}
        with _LINKING:
            linker = Linker(engine)
            with linker.root() as root:
                for name, kind_of_import in sorted(imports.items()):
                    with root.add_instance(name) as instance:
                        if known_name(name) in OFFERED:
                            link(known_name(name), instance, self._context)
                        elif name in peers and isinstance(kind_of_import, ComponentInstanceType):
                            for function in shapes.of_instance(engine, kind_of_import):
                                self._link_peer(instance, peers[name], name, function)
        return linker

    def _link_peer(self, instance: LinkerInstance, peer: Guest, interface: str, function: str) -> None:
        def call(*arguments: Any) -> Any:
            with self._context.waiting():
                return peer.call(Call(interface, function, arguments))

        bind(instance, self._context, function, call)

    def _instantiate(
        self, engine: wasmtime.Engine, ticker: EpochTicker, linker: Linker, component: Component
    ) -> Instance:
        """Instantiate; the memory limit is for the whole component and shared evenly by its memories."""
        most = self._context.limits.memory
        for memories in range(1, MOST_MEMORIES + 1):
            self._store.set_limits(most // memories, most // BYTES_FOR_ELEMENT, INSTANCES, TABLES, memories)
            self._pace = Pace(self._store, ticker, self._context.limits, self._context.signal)
            self._context.waiting = self._pace.waiting
            try:
                with self._pace.call():
                    return linker.instantiate(self._store, component)
            except Exception as error:
                if "memory count too high" not in str(error) or memories == MOST_MEMORIES:
                    raise self._not_started(error) from None
            self._store.close()
            self._store = wasmtime.Store(engine)
        raise AssertionError("unreachable")

    def _function(self, interface: str, name: str) -> Func:
        function = self._functions.get((interface, name))
        if function is None:
            outer = self._instance.get_export_index(self._store, self._exports.get(interface, interface))
            index = self._instance.get_export_index(self._store, name, outer)
            function = self._instance.get_func(self._store, index) if index is not None else None
            if function is None:
                raise StopError("error", f"{interface}: {name!r} is not a function")
            self._functions[interface, name] = function
        return function

    def _not_started(self, error: Exception) -> Exception:
        text = cause(str(error))
        if "memory minimum size" in text or "exceeds memory limits" in text:
            return RefusedError(Refusal.OVER_LIMIT, f"memory: {text} (limit {self._context.limits.memory} bytes)")
        if "wasm trap" in str(error) or self._context.stopped_by is not None:
            return self._stopped(error)
        return RefusedError(Refusal.INCOMPATIBLE, text)

    def _stopped(self, error: Exception) -> StopError:
        if self._context.stopped_by is not None:
            return self._context.stopped_by
        return stop(str(error), f"more than {self._pace.most} {self._pace.span}")
