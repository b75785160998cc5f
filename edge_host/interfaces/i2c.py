"""``wasi:i2c/i2c@0.2.0-draft`` and ``petiole:i2c/buses@0.1.0``: labelled buses.

A guest opens a bus by its label; the grant of ``wasi:i2c/i2c`` lists the labels it may open.
"""

from __future__ import annotations

from wasmtime.component import LinkerInstance, ResourceHost, Variant

from edge_host.interfaces.adapter import ResourceNumber, bind, bind_method, bind_resource, new_handle
from edge_host.interfaces.context import GuestContext
from edge_host.labels import I2cBus, I2cError, Operation
from wire.interfaces import I2C

NOT_GRANTED, NO_SUCH_LABEL = "not-granted", "no-such-label"


def open_bus(context: GuestContext, label: str) -> I2cBus | str:
    """The bus under `label`, or the name of the WIT error."""
    if not context.may_open(I2C.full_name, label):
        return NOT_GRANTED
    bus = context.labels.bus(label)
    return bus if bus is not None else NO_SUCH_LABEL


def transaction(
    context: GuestContext, bus: I2cBus, address: int, operations: list[Operation]
) -> list[bytes] | I2cError:
    """Run `operations`; gives the bytes of each read. More than may cross in one call is an error of the bus."""
    if not context.fits(sum(step if isinstance(step, int) else len(step) for step in operations)):
        return I2cError("other")
    try:
        return bus.transaction(address, operations)
    except I2cError as error:
        return error


def error_value(error: I2cError) -> Variant:
    """The WIT ``error-code`` of an error."""
    return Variant(error.code, error.source)


def link_i2c(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:i2c/i2c`` to a guest."""

    def run(bus: I2cBus, address: int, operations: list[Operation]) -> list[bytes] | Variant:
        result = transaction(context, bus, address, operations)
        return error_value(result) if isinstance(result, I2cError) else result

    def last(result: list[bytes] | Variant) -> bytes | Variant:
        return result[-1] if isinstance(result, list) else result

    def write(bus: I2cBus, address: int, data: bytes) -> Variant | None:
        result = run(bus, address, [data])
        return result if isinstance(result, Variant) else None

    bind_resource(instance, context, "i2c", ResourceNumber.I2C)
    bind_method(instance, context, "i2c.transaction", I2cBus, run)
    bind_method(instance, context, "i2c.read", I2cBus, lambda bus, at, size: last(run(bus, at, [size])))
    bind_method(instance, context, "i2c.write", I2cBus, write)
    bind_method(
        instance, context, "i2c.write-read", I2cBus, lambda bus, at, data, size: last(run(bus, at, [data, size]))
    )


def link_buses(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``petiole:i2c/buses`` to a guest."""

    def open_label(label: str) -> ResourceHost | str:
        found = open_bus(context, label)
        return found if isinstance(found, str) else new_handle(context, ResourceNumber.I2C, found)

    bind(instance, context, "open", open_label)
