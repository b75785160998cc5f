"""The store of a guest: what Wasmtime keeps of its present instance, its fuel and its limits."""

from __future__ import annotations

import ctypes
from typing import Any

import wasmtime
from wasmtime import _ffi as ffi

from edge_host import wasmtime_c as c


class Store(wasmtime.Store):
    """As wasmtime-py's, to which it can be given; `open` and `close` replace what is in it.

    Belongs to the thread that calls it.
    """

    def __init__(self, engine: wasmtime.Engine) -> None:
        """A store that is not open."""
        self.engine = engine
        self._engine_at = c.address(engine.ptr())
        self._pointer: Any = None
        self._left = ctypes.c_uint64()
        self._left_at = ctypes.addressof(self._left)
        self.address = 0
        self.context = 0
        """Its context in C; 0 while it is not open."""

    @property
    def is_open(self) -> bool:
        """Whether there is something in it."""
        return self.address != 0

    def open(self) -> None:
        """Be empty, with no fuel and no limits."""
        self.close()
        self.address = c.NEW_STORE(self._engine_at, None, None)
        self.context = c.CONTEXT(self.address)

    def close(self) -> None:
        """Free the instance and its memories."""
        address, self.address, self.context, self._pointer = self.address, 0, 0, None
        if address:
            c.DELETE_STORE(address)

    def set_limits(
        self,
        memory_size: int = -1,
        table_elements: int = -1,
        instances: int = -1,
        tables: int = -1,
        memories: int = -1,
    ) -> None:
        """See `wasmtime.Store.set_limits`."""
        c.LIMIT(self.address, memory_size, table_elements, instances, tables, memories)

    def set_fuel(self, fuel: int) -> None:
        """Give the guest so much to compute with."""
        c.check(c.SET_FUEL(self.context, fuel))

    def get_fuel(self) -> int:
        """What is left of it."""
        c.check(c.GET_FUEL(self.context, self._left_at))
        return self._left.value

    def set_epoch_deadline(self, ticks_after_current: int) -> None:
        """From which epoch on the guest is asked whether it may go on."""
        c.SET_EPOCH(self.context, ticks_after_current)

    def _context(self) -> Any:
        if self._pointer is None:
            if not self.context:
                raise ValueError("already closed")
            self._pointer = ctypes.cast(self.context, ctypes.POINTER(ffi.wasmtime_context_t))
        return self._pointer
