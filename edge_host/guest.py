"""One running component: load with checks, call, stop. No Wasmtime type leaves this module but the component handed in.

A `Guest` runs one call at a time. After it was stopped its store is unusable: make a new guest. `retire` and `renew`
give it another instance; what was linked stays, which is the larger part of the work.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import wasmtime
from wasmtime.component import Component, ComponentInstanceType, Linker, LinkerInstance, Variant

from edge_host.calling import Values
from edge_host.engine import EpochTicker
from edge_host.errors import StopError
from edge_host.exports import Exported, Instances
from edge_host.guest_memory import OVER, Budget, PaidBy
from edge_host.interfaces import OFFERED, conversion, link, shapes
from edge_host.interfaces.adapter import bind_passing
from edge_host.interfaces.context import GuestContext
from edge_host.interfaces.signal import CANCELLED
from edge_host.pace import Pace
from edge_host.stops import cause, stop
from edge_host.store import Store
from wire.descriptor import Component as Described
from wire.errors import RefusedError
from wire.interfaces import SERVICE, granted, known_name
from wire.refusals import Refusal

INSTANCES = 32
MOST_MEMORIES = 8
TABLES = 16
BYTES_FOR_ELEMENT = 128
"""A table may have one element, of 8 bytes, for each so many bytes of the memory limit: all tables together have as
many bytes as all memories."""

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
    prepare: Callable[[GuestContext], tuple[Any, ...]] | None = None
    """Makes the arguments from the context of the instance that was chosen, in the thread that calls it."""


class Caller(Protocol):
    """A guest that calls another component."""

    def lease(self, callee: Guest) -> None:
        """Told which instance is going to be called; raises `StopError` once the caller is cancelled."""

    def release(self) -> None:
        """Told that the call is over."""

    def waiting(self) -> AbstractContextManager[None]:
        """Hold while the caller waits for another instance."""


class Peer(Protocol):
    """Another component of the workload, which guests call."""

    def pass_on(self, function: tuple[str, str], values: Values, caller: Caller) -> None:
        """Call one of its exports, by interface and name, with the values of the caller; raises `StopError`."""


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


def has_export(engine: wasmtime.Engine, component: Component, interface: str) -> bool:
    """Whether a component exports an interface with the types that hosts of ours know for it."""
    with component.type as kind:
        given = shapes.of_instance(engine, kind.exports(engine).get(interface))
    return given.items() >= shapes.expected()[interface].items()


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
    """One instance of a component in a store of its own, for whoever leased it from its `edge_host.pool`."""

    def __init__(
        self,
        engine: wasmtime.Engine,
        ticker: EpochTicker,
        component: Component,
        context: GuestContext,
        *,
        peers: Mapping[str, Peer] | None = None,
        name: str = "",
    ) -> None:
        """Link and instantiate the component `name` that `check` let through; `peers` by their interfaces' names.

        Raises `RefusedError` when it does not fit here, `StopError` when its start fails.
        """
        self._name = name
        self._context = context
        self._callee: Guest | None = None
        self._linker: Linker | None = None
        self._instances: Instances | None = None
        self._store = Store(engine)
        self._pace = Pace(self._store, ticker, context.limits, context.signal)
        context.waiting = self.waiting = self._pace.waiting
        self.fuel_used = 0
        """What the last call has used."""
        self.calls = 0
        """Calls of the present instance."""
        try:
            self._linker, names = self._link(engine, component, peers or {})
            self._instances = Instances(self._store, self._linker, component, names)
            self.renew()
        except BaseException:
            self.close()
            raise

    @property
    def is_interrupted(self) -> bool:
        """Whether `interrupt` was called."""
        return self._context.signal.is_cancelled

    def call(self, call: Call) -> Any:
        """Call an export; gives its value as Wasmtime does. Raises `StopError`."""
        function = self._function((call.interface, call.function))
        context = self._context
        self._begin(call.reply_to)
        with self._pace.call(is_service=call.interface == SERVICE.full_name):
            try:
                arguments = call.prepare(context) if call.prepare is not None else call.arguments
                return function.call(self._store, arguments)
            except Exception as error:
                raise self._stopped(error) from None
            finally:
                self.fuel_used = self._pace.fuel_used

    def pass_on(self, function: tuple[str, str], values: Values) -> None:
        """Call an export, by interface and name, with the values of another component. Raises `StopError`."""
        exported = self._function(function)
        self._begin(None)
        with self._pace.call():
            try:
                exported.pass_on(self._store, values)
            except Exception as error:
                raise self._stopped(error) from None
            finally:
                self.fuel_used = self._pace.fuel_used

    def rest(self, until: float) -> None:
        """Wait until the monotonic time `until`; raises `StopError` when it is cancelled."""
        self._context.signal.wait(lambda: False, until)

    def handle(self, call: Call) -> str | None:
        """Call a handler: None when it went well, else the error text the guest returned. Raises `StopError`."""
        result = self.call(call)
        if isinstance(result, Variant):
            return None if result.tag == "ok" else "the service ended with an error"
        return None if result is None else str(result)

    def interrupt(self) -> None:
        """Stop it where it is, now or at its next call; from any thread. It cannot be used any more then."""
        self._context.signal.cancel()
        callee = self._callee
        if callee is not None:
            callee.interrupt()

    def lease(self, callee: Guest) -> None:
        """See `Caller.lease`."""
        self._callee = callee
        self._context.signal.check()

    def release(self) -> None:
        """See `Caller.release`."""
        self._callee = None

    def retire(self) -> None:
        """Free the instance and everything it held; `renew` makes another one."""
        self._context.close()
        self._store.close()

    def renew(self) -> None:
        """Make an instance; raises as the constructor does."""
        self.calls = 0
        if self._instances is not None:
            self._instantiate(self._instances)

    def close(self) -> None:
        """Free everything."""
        self.retire()
        self._pace.close()
        self._instances = None
        if self._linker is not None:
            with _LINKING:
                self._linker.close()
            self._linker = None

    def _link(
        self, engine: wasmtime.Engine, component: Component, peers: Mapping[str, Peer]
    ) -> tuple[Linker, Mapping[str, str]]:
        """The linked component, and the exported interfaces as it calls them, by those of this host."""
        with component.type as kind:
            imports = kind.imports(engine)
            exports = {known_name(name): name for name in kind.exports(engine)}
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
        return linker, exports

    def _link_peer(self, instance: LinkerInstance, peer: Peer, interface: str, function: str) -> None:
        name, pace = (interface, function), self._pace

        def call(values: Values) -> None:
            begun = time.monotonic()
            peer.pass_on(name, values, self)
            pace.resume(begun)

        bind_passing(instance, self._context, function, call)

    def _instantiate(self, instances: Instances) -> None:
        """Instantiate; the memory limit is for all memories of the component together."""
        most = self._context.limits.memory
        self._store.open()
        self._store.set_limits(most, most // BYTES_FOR_ELEMENT, INSTANCES, TABLES, MOST_MEMORIES)
        self._pace.watch()
        self._memory = Budget(most)
        try:
            with self._pace.call(), PaidBy(self._memory):
                instances.make()
        except Exception as error:
            problem = self._not_started(error)
            self._store.close()
            raise problem from None

    def _begin(self, reply_to: str | None) -> None:
        """Before each call: forget the one before; raises `StopError` where it is cancelled already."""
        context = self._context
        context.begin_call()
        context.reply_to = reply_to
        context.signal.check()
        self.calls += 1

    def _function(self, name: tuple[str, str]) -> Exported:
        if self._instances is None or not self._store.is_open:
            raise StopError("error", f"{name[0]}: the instance is gone")
        return self._instances.function(name)

    def _not_started(self, error: Exception) -> Exception:
        text = cause(str(error))
        if text == OVER or "memory minimum size" in text or "exceeds memory limits" in text:
            return RefusedError(Refusal.OVER_LIMIT, f"memory: {text} (limit {self._context.limits.memory} bytes)")
        if "wasm trap" in str(error) or self._context.stopped_by is not None:
            return self._cause(error)
        return RefusedError(Refusal.INCOMPATIBLE, text)

    def _stopped(self, error: Exception) -> StopError:
        return self._cause(error).of(self._name, self._pace.fuel_used, self._memory.peak)

    def _cause(self, error: Exception) -> StopError:
        if isinstance(error, StopError):
            return error
        if self._context.stopped_by is not None:
            return self._context.stopped_by
        if self._context.signal.is_cancelled:
            return StopError(CANCELLED, "the call was taken back")
        return stop(str(error), f"more than {self._pace.most} {self._pace.span}")
