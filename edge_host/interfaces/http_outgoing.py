"""``wasi:http/outgoing-handler@0.2.0``: asking the hosts that are allowed to a component."""

from __future__ import annotations

from wasmtime.component import LinkerInstance, Variant

from edge_host.http.client import ask, times
from edge_host.http.destinations import destination
from edge_host.http.model import HttpError, OutgoingRequest, RequestOptions
from edge_host.interfaces.adapter import (
    ResourceNumber,
    Taken,
    bind_resource,
    bind_resources,
    err,
    new_handle,
    ok,
)
from edge_host.interfaces.context import GuestContext
from edge_host.interfaces.http_types import error_code

_RESOURCES = {
    "outgoing-request": ResourceNumber.OUTGOING_REQUEST,
    "request-options": ResourceNumber.REQUEST_OPTIONS,
    "future-incoming-response": ResourceNumber.FUTURE_RESPONSE,
}


def link(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer the interface to a guest."""

    def handle(request: OutgoingRequest, options: RequestOptions | None) -> Variant:
        if not context.take_message():
            return err(error_code(HttpError("connection-limit-reached")))
        if request.method == "CONNECT":
            return err(error_code(HttpError("HTTP-request-method-invalid")))
        if request.path is not None and not request.path.startswith("/"):
            return err(error_code(HttpError("HTTP-request-URI-invalid")))
        to = destination(request.scheme, request.authority, context.options.allowed_hosts)
        if isinstance(to, HttpError):
            return err(error_code(to))
        future = ask(request, to, times(options), context.signal.notify)
        return ok(new_handle(context, ResourceNumber.FUTURE_RESPONSE, future))

    for name, number in _RESOURCES.items():
        bind_resource(instance, context, name, number)
    bind_resources(instance, context, "handle", handle, (Taken(OutgoingRequest), Taken(RequestOptions)))
