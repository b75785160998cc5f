"""One running component: load with checks, call, stop. No Wasmtime type leaves this module but the component handed in.

A `Guest` belongs to one thread at a time. After it was stopped its store is unusable; make a new guest.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection

import wasmtime
from wasmtime.component import Component, ComponentInstanceType, Func, FuncType, Linker

from edge_host.engine import EpochTicker
from edge_host.errors import StopError
from edge_host.interfaces import OFFERED
from edge_host.interfaces.context import GuestContext
from wire.errors import RefusedError
from wire.interfaces import HANDLER, granted
from wire.refusals import Refusal

TABLE_ELEMENTS = 10_000
INSTANCES = 32
TABLES = 16
MEMORIES = 8
RUN = "run"

_LINKING = threading.Lock()  # wasmtime-py keeps host functions in a list of the process without a lock of its own


def check_imports(engine: wasmtime.Engine, component: Component, grants: Collection[str]) -> None:
    """Refuse, before anything is linked, a component that asks for more than it may have or than this host has."""
    with component.type as kind:
        imports = sorted(kind.imports(engine))
        exports = kind.exports(engine)
    for name in imports:
        if not granted(name, grants):
            raise RefusedError(
                Refusal.NOT_GRANTED, f"{name}: the component imports what the workload file does not grant"
            )
    for name in imports:
        if name not in OFFERED:
            raise RefusedError(Refusal.INCOMPATIBLE, f"{name}: this host offers only {', '.join(OFFERED)}")
    handler = exports.get(HANDLER.full_name)
    functions = handler.exports(engine) if isinstance(handler, ComponentInstanceType) else {}
    run = functions.get(RUN)
    if not isinstance(run, FuncType) or run.params:
        raise RefusedError(
            Refusal.INCOMPATIBLE, f"{HANDLER.full_name}: the component does not export its function {RUN!r}"
        )


class Guest:
    """One instance of a component in a store of its own."""

    def __init__(
        self, engine: wasmtime.Engine, ticker: EpochTicker, component: Component, context: GuestContext
    ) -> None:
        """Link and instantiate; raises `RefusedError` when it does not fit here, `StopError` when its start fails."""
        self._context = context
        self._ticker = ticker
        self._store = wasmtime.Store(engine)
        self._linker: Linker | None = None
        self.fuel_used = 0
        try:
            check_imports(engine, component, context.grants)
            self._store.set_limits(context.limits.memory, TABLE_ELEMENTS, INSTANCES, TABLES, MEMORIES)
            self._run = self._instantiate(engine, component)
        except BaseException:
            self.close()
            raise

    def call(self) -> str | None:
        """Run the handler once: None when it went well, else the error text the guest returned. Raises `StopError`."""
        limit = self._context.limits.fuel_per_call
        self._context.begin_call()
        self._store.set_fuel(limit)
        with self._ticker.running() as deadline:
            self._store.set_epoch_deadline(deadline)
            try:
                result = self._run(self._store)
            except Exception as error:
                raise self._stopped(error) from None
            finally:
                self.fuel_used = limit - self._store.get_fuel()
        return result if result is None else str(result)

    def close(self) -> None:
        """Free the store and everything the guest held."""
        self._context.handles.clear()
        self._store.close()
        if self._linker is not None:
            with _LINKING:
                self._linker.close()

    def _instantiate(self, engine: wasmtime.Engine, component: Component) -> Func:
        with component.type as kind:
            imports = sorted(kind.imports(engine))
        with _LINKING:
            self._linker = Linker(engine)
            with self._linker.root() as root:
                for name in imports:
                    with root.add_instance(name) as instance:
                        OFFERED[name](instance, self._context)
        self._store.set_fuel(self._context.limits.fuel_per_call)
        with self._ticker.running() as deadline:
            self._store.set_epoch_deadline(deadline)
            try:
                instance = self._linker.instantiate(self._store, component)
            except Exception as error:
                raise self._not_started(error) from None
        handler = instance.get_export_index(self._store, HANDLER.full_name)
        index = instance.get_export_index(self._store, RUN, handler)
        function = instance.get_func(self._store, index) if index is not None else None
        if function is None:
            raise RefusedError(Refusal.INCOMPATIBLE, f"{HANDLER.full_name}: {RUN!r} is not a function")
        return function

    def _not_started(self, error: Exception) -> Exception:
        text = _cause(str(error))
        if "memory minimum size" in text or "exceeds memory limits" in text:
            return RefusedError(Refusal.OVER_LIMIT, f"memory: {text} (limit {self._context.limits.memory} bytes)")
        if "wasm trap" in str(error) or self._context.stopped_by is not None:
            return self._stopped(error)
        return RefusedError(Refusal.INCOMPATIBLE, text)

    def _stopped(self, error: Exception) -> StopError:
        if self._context.stopped_by is not None:
            return self._context.stopped_by
        text = str(error)
        cause = _cause(text).removeprefix("wasm trap: ").removeprefix("wasm ")
        if "all fuel consumed" in text:
            return StopError("fuel", f"more than {self._context.limits.fuel_per_call} in one call", text)
        if "wasm trap: interrupt" in text:
            return StopError("fuel", "the call took too long by the clock", text)
        if "wasm trap" in text:
            return StopError("trap", cause, text)
        return StopError("error", cause, text)


def _cause(text: str) -> str:
    """The innermost cause in Wasmtime's text of an error, in one line."""
    cause = text.rpartition("Caused by:")[2]
    lines = [re.sub(r"^\d+: ", "", line.strip()) for line in cause.strip().splitlines()]
    return next((line for line in reversed(lines) if line), "unknown cause")
