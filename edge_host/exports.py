"""The functions that a component exports: where they are and what types they have is found once for all instances."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

from wasmtime import _ffi as ffi
from wasmtime.component import Component, ExportIndex, Func, Instance, Linker

from edge_host import calling
from edge_host import wasmtime_c as c
from edge_host.errors import StopError
from edge_host.store import Store


class Exported:
    """One function, of the instance for which it was last `found`."""

    __slots__ = ("_at", "_function", "_index", "_index_at")

    def __init__(self, index: ExportIndex, function: Func) -> None:
        self._index = index
        self._index_at = c.address(index.ptr())
        self._function = function
        self._at = ctypes.addressof(function._func)

    def find(self, instance_at: int, store: Store) -> None:
        """Be the same function of another instance of the component."""
        if not c.GET_FUNCTION(instance_at, store.context, self._index_at, self._at):
            raise StopError("error", "an instance lacks a function that another one has")

    def call(self, store: Store, arguments: tuple[Any, ...]) -> Any:
        """Call it; raises `WasmtimeError`, or `TypeError` for arguments that do not fit."""
        return calling.call(self._function, store, arguments)

    def pass_on(self, store: Store, values: calling.Values) -> None:
        """Call it with values that lie in memory, and leave its result there; raises `WasmtimeError`."""
        c.check(c.CALL(self._at, store.context, *values))


class Instances:
    """Makes the instances of a component, one after the other, and finds their functions."""

    def __init__(self, store: Store, linker: Linker, component: Component, names: Mapping[str, str]) -> None:
        """In `store`; `names` are the exported interfaces as the component calls them, by those of this host."""
        self._store = store
        self._component = component
        self._linker_at = c.address(linker.ptr())
        self._component_at = c.address(component.ptr())
        self._names = names
        self._raw = ffi.wasmtime_component_instance_t()
        self._instance_at = ctypes.addressof(self._raw)
        self._instance = Instance._from_raw(self._raw)
        self._known: dict[tuple[str, str], Exported] = {}
        self._found: dict[tuple[str, str], Exported] = {}
        """Those that were called in the present instance."""

    def make(self) -> None:
        """Instantiate into the store, which is empty; raises `WasmtimeError`."""
        self._found.clear()
        c.check(c.INSTANTIATE(self._linker_at, self._store.context, self._component_at, self._instance_at))

    def function(self, name: tuple[str, str]) -> Exported:
        """A function of the present instance, by its interface and its name; raises `StopError` where it is none."""
        found = self._found.get(name)
        if found is None:
            found = self._known.get(name)
            if found is None:
                found = self._known[name] = self._look_up(*name)
            else:
                found.find(self._instance_at, self._store)
            self._found[name] = found
        return found

    def _look_up(self, interface: str, name: str) -> Exported:
        outer = self._instance.get_export_index(self._store, self._names.get(interface, interface))
        index = self._instance.get_export_index(self._store, name, outer) if outer is not None else None
        function = self._instance.get_func(self._store, index) if index is not None else None
        if index is None or function is None:
            raise StopError("error", f"{interface}: {name!r} is not a function")
        return Exported(index, function)
