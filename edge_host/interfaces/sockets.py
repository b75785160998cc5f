"""``wasi:sockets@0.2.0``: programs import it whether or not they use it; every attempt is `access-denied`."""

from __future__ import annotations

from typing import Any

from wasmtime.component import LinkerInstance, ResourceAny, ResourceHost, Variant

from edge_host.interfaces import shapes
from edge_host.interfaces.adapter import ResourceNumber, bind, bind_resource, bind_with_store, err, new_handle
from edge_host.interfaces.context import GuestContext

_KNOWN = {
    "pollable": ResourceNumber.POLLABLE,
    "input-stream": ResourceNumber.INPUT_STREAM,
    "output-stream": ResourceNumber.OUTPUT_STREAM,
    "network": ResourceNumber.NETWORK,
}


class Network:
    """The network, which cannot be used."""


def link_denied(instance: LinkerInstance, context: GuestContext, name: str) -> None:
    """Offer the interface `name` of ``wasi:sockets`` to a guest."""

    def network() -> ResourceHost:
        return new_handle(context, ResourceNumber.NETWORK, Network())

    for function, shape in shapes.expected()[name].items():
        if shape == shapes.RESOURCE:
            bind_resource(instance, context, function, _KNOWN.get(function, ResourceNumber.NEVER_OPEN))
        elif function == "instance-network":
            bind(instance, context, function, network)
        else:
            bind_with_store(instance, context, function, _denied)


def _denied(store: Any, *arguments: Any) -> Variant:
    for argument in arguments:
        if isinstance(argument, ResourceAny):
            with argument:
                argument.to_host(store)
    return err("access-denied")
