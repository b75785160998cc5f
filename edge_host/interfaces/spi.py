"""``wasi:spi/spi@0.2.0-draft``: labelled devices, each with its chip select."""

from __future__ import annotations

from typing import Any

from wasmtime.component import LinkerInstance, ResourceHost, Variant

from edge_host.interfaces.adapter import ResourceNumber, bind, bind_method, bind_resource, new_handle
from edge_host.interfaces.context import GuestContext
from edge_host.interfaces.gpio import open_label
from edge_host.labels import SpiDevice, SpiError, Transfer
from wire.interfaces import SPI

LONGEST_DELAY = 1_000_000
"""Nanoseconds of all delays of a transaction, which holds the bus: as much as on a board."""

READ, WRITE, TRANSFER, DELAY, DELAY_NS = "read", "write", "transfer", "delay", "delay-ns"


def transaction(context: GuestContext, device: SpiDevice, operations: list[Variant]) -> list[Variant] | Variant:
    """Run the operations; gives a result for each, or the WIT error."""
    if not context.fits(sum(_size(operation) for operation in operations)):
        return Variant("other", "more bytes than one call may bring")
    steps = [_step(operation) for operation in operations]
    if sum(step.delay_ns for step in steps) > LONGEST_DELAY:
        return Variant("other", f"delays of more than {LONGEST_DELAY} ns")
    try:
        answers = device.transaction(steps)
    except SpiError as error:
        return Variant(error.code, error.detail)
    return [_result(operation.tag, answer) for operation, answer in zip(operations, answers, strict=True)]


def one(context: GuestContext, device: SpiDevice, operation: Variant) -> Any:
    """Run one operation; gives the bytes it read, or the WIT error."""
    results = transaction(context, device, [operation])
    return results[0].payload if isinstance(results, list) else results


def link(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer the interface to a guest."""

    def open_device(label: str) -> ResourceHost | Variant:
        found = open_label(context, SPI, label, context.labels.spi)
        if isinstance(found, str):
            return Variant("other", found)
        return new_handle(context, ResourceNumber.SPI_DEVICE, found)

    def method(name: str) -> None:
        bind_method(
            *(instance, context, f"spi-device.{name}", SpiDevice),
            lambda device, argument: one(context, device, Variant(name, argument)),
        )

    bind_resource(instance, context, "spi-device", ResourceNumber.SPI_DEVICE)
    bind(instance, context, "open", open_device)
    for name in (READ, WRITE, TRANSFER):
        method(name)
    bind_method(
        *(instance, context, "spi-device.transaction", SpiDevice),
        lambda device, operations: transaction(context, device, operations),
    )


def _size(operation: Variant) -> int:
    if operation.tag == DELAY_NS:
        return 0
    return int(operation.payload or 0) if operation.tag == READ else len(operation.payload or b"")


def _step(operation: Variant) -> Transfer:
    if operation.tag == DELAY_NS:
        return Transfer(b"", int(operation.payload or 0))
    return Transfer(bytes(_size(operation)) if operation.tag == READ else bytes(operation.payload or b""))


def _result(tag: str, answer: bytes) -> Variant:
    if tag == DELAY_NS:
        return Variant(DELAY)
    return Variant(tag) if tag == WRITE else Variant(tag, answer)
