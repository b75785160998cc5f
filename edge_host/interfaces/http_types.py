"""``wasi:http/types@0.2.0``: requests and responses (`edge_host.http.model`) behind handles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wasmtime.component import LinkerInstance, ResourceHost, Variant

from edge_host.http.model import (
    METHODS,
    Fields,
    FieldsError,
    FutureResponse,
    FutureTrailers,
    HttpError,
    IncomingBody,
    IncomingRequest,
    IncomingResponse,
    OutgoingBody,
    OutgoingRequest,
    OutgoingResponse,
    RequestOptions,
    ResponseOut,
    check_field,
)
from edge_host.interfaces.adapter import (
    NONE,
    ResourceNumber,
    Taken,
    bind,
    bind_method,
    bind_resource,
    bind_resources,
    bind_with_store,
    err,
    new_handle,
    ok,
    some,
    take_object,
)
from edge_host.interfaces.context import GuestContext
from edge_host.interfaces.poll import Pollable, new_pollable
from edge_host.interfaces.streams import new_input, new_output
from edge_host.pipes import PipeInput, PipeOutput
from edge_host.streams import IoError

_RESOURCES = {
    "input-stream": ResourceNumber.INPUT_STREAM,
    "output-stream": ResourceNumber.OUTPUT_STREAM,
    "io-error": ResourceNumber.IO_ERROR,
    "pollable": ResourceNumber.POLLABLE,
    **dict.fromkeys(("fields", "headers", "trailers"), ResourceNumber.FIELDS),
    "incoming-request": ResourceNumber.INCOMING_REQUEST,
    "outgoing-request": ResourceNumber.OUTGOING_REQUEST,
    "request-options": ResourceNumber.REQUEST_OPTIONS,
    "response-outparam": ResourceNumber.RESPONSE_OUT,
    "incoming-response": ResourceNumber.INCOMING_RESPONSE,
    "outgoing-response": ResourceNumber.OUTGOING_RESPONSE,
    "incoming-body": ResourceNumber.INCOMING_BODY,
    "outgoing-body": ResourceNumber.OUTGOING_BODY,
    "future-incoming-response": ResourceNumber.FUTURE_RESPONSE,
    "future-trailers": ResourceNumber.FUTURE_TRAILERS,
}
_CONTROL = frozenset(map(chr, (*range(33), 127)))


def error_code(error: HttpError) -> Variant:
    """The WIT variant of an error."""
    return Variant(error.code, error.payload)


def method_of(name: str) -> Variant:
    """The WIT variant of a method."""
    return Variant(name.lower()) if name in METHODS else Variant("other", name)


def method_name(method: Variant) -> str | None:
    """The name of a WIT method; None for one that cannot be sent."""
    if method.tag != "other":
        return method.tag.upper()
    try:
        check_field(str(method.payload), ())
    except FieldsError as refused:
        return str(method.payload) if str(refused) == "forbidden" else None
    return str(method.payload)


def scheme_of(name: str | None) -> Variant:
    """The WIT option of a scheme."""
    if name is None:
        return NONE
    return some(Variant(name.upper()) if name in ("http", "https") else Variant("other", name))


def new_fields(context: GuestContext, fields: Fields) -> ResourceHost:
    """A handle to `fields` for the guest."""
    context.spend(sum(len(name) + len(value) for name, value in fields.entries()))
    return new_handle(context, ResourceNumber.FIELDS, fields)


def new_request(context: GuestContext, request: IncomingRequest) -> ResourceHost:
    """A handle to a request that has come, for the guest."""
    request.body.pipe.on_change(context.signal.notify)
    return new_handle(context, ResourceNumber.INCOMING_REQUEST, request)


def link(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer the interface to a guest."""
    for name, number in _RESOURCES.items():
        bind_resource(instance, context, name, number)
    bind_resources(
        *(instance, context, "http-error-code"),
        lambda error: some(Variant(error.http_code)) if isinstance(error.http_code, str) else NONE,
        (IoError,),
    )
    _link_fields(instance, context)
    _link_incoming(instance, context)
    _link_outgoing(instance, context)
    _link_options(instance, context)
    _link_bodies(instance, context)
    _link_futures(instance, context)


def _refusable(action: Callable[[], object]) -> Variant:
    try:
        return ok(action())
    except FieldsError as refused:
        return err(Variant(str(refused)))


def _link_fields(instance: LinkerInstance, context: GuestContext) -> None:
    def method(name: str, action: Callable[..., object]) -> None:
        bind_method(instance, context, f"fields.{name}", Fields, action)

    def changing(name: str, action: Callable[..., object]) -> None:
        def call(fields: Fields, *arguments: Any) -> Variant:
            context.spend(sum(len(part) for part in arguments if isinstance(part, str | bytes)))
            return _refusable(lambda: action(fields, *arguments))

        method(name, call)

    def from_list(entries: list[tuple[str, bytes]]) -> Variant:
        def make() -> ResourceHost:
            fields = Fields()
            for name, value in entries:
                fields.append(name, value)
            return new_fields(context, fields)

        return _refusable(make)

    bind(instance, context, "[constructor]fields", lambda: new_fields(context, Fields()))
    bind(instance, context, "[static]fields.from-list", from_list)
    method("get", Fields.get)
    method("has", lambda fields, name: bool(fields.get(name)))
    changing("set", Fields.set)
    changing("delete", Fields.delete)
    changing("append", Fields.append)
    method("entries", Fields.entries)
    method("clone", lambda fields: new_fields(context, fields.copy()))


def _link_incoming(instance: LinkerInstance, context: GuestContext) -> None:
    def consume(of: IncomingRequest | IncomingResponse) -> Variant:
        if of.consumed:
            return err()
        of.consumed = True
        return ok(new_handle(context, ResourceNumber.INCOMING_BODY, of.body))

    def method(name: str, action: Callable[[IncomingRequest], object]) -> None:
        bind_method(instance, context, f"incoming-request.{name}", IncomingRequest, action)

    method("method", lambda request: method_of(request.method))
    method("path-with-query", lambda request: some(request.path))
    method("scheme", lambda request: scheme_of(request.scheme))
    method("authority", lambda request: NONE if request.authority is None else some(request.authority))
    method("headers", lambda request: new_fields(context, request.fields.copy(is_fixed=True)))
    method("consume", consume)
    of_response = "incoming-response."
    bind_method(instance, context, f"{of_response}status", IncomingResponse, lambda response: response.status)
    bind_method(
        *(instance, context, f"{of_response}headers", IncomingResponse),
        lambda response: new_fields(context, response.fields.copy(is_fixed=True)),
    )
    bind_method(instance, context, f"{of_response}consume", IncomingResponse, consume)


def _link_outgoing(instance: LinkerInstance, context: GuestContext) -> None:
    def body(of: OutgoingRequest | OutgoingResponse) -> Variant:
        if of.body is not None:
            return err()
        of.body = OutgoingBody()
        of.body.pipe.on_change(context.signal.notify)
        return ok(new_handle(context, ResourceNumber.OUTGOING_BODY, of.body))

    def method(name: str, action: Callable[..., object]) -> None:
        bind_method(instance, context, f"outgoing-request.{name}", OutgoingRequest, action)

    def set_method(request: OutgoingRequest, given: Variant) -> Variant:
        name = method_name(given)
        if name is None:
            return err()
        request.method = name
        return ok()

    def set_scheme(request: OutgoingRequest, given: Variant | None) -> Variant:
        if given is not None and given.tag == "other":
            return err()
        request.scheme = None if given is None else given.tag.lower()
        return ok()

    def setting(name: str) -> Callable[[OutgoingRequest, str | None], Variant]:
        def put(request: OutgoingRequest, text: str | None) -> Variant:
            if text is not None and (not text.isascii() or _CONTROL & set(text)):
                return err()
            setattr(request, name, text)
            return ok()

        return put

    def set_status(response: OutgoingResponse, status: int) -> Variant:
        if not 200 <= status <= 599:
            return err()
        response.status = status
        return ok()

    def create(kind: Callable[[Fields], object], number: ResourceNumber) -> Callable[[Fields], ResourceHost]:
        return lambda fields: new_handle(context, number, kind(fields.copy(is_fixed=True)))

    for name, kind, number in (
        ("outgoing-request", OutgoingRequest, ResourceNumber.OUTGOING_REQUEST),
        ("outgoing-response", OutgoingResponse, ResourceNumber.OUTGOING_RESPONSE),
    ):
        bind_resources(instance, context, f"[constructor]{name}", create(kind, number), (Taken(Fields),))
        bind_method(instance, context, f"{name}.body", kind, body)
        bind_method(
            *(instance, context, f"{name}.headers", kind), lambda of: new_fields(context, of.fields.copy(is_fixed=True))
        )
    method("method", lambda request: method_of(request.method))
    method("set-method", set_method)
    method("path-with-query", lambda request: NONE if request.path is None else some(request.path))
    method("set-path-with-query", setting("path"))
    method("scheme", lambda request: scheme_of(request.scheme))
    method("set-scheme", set_scheme)
    method("authority", lambda request: NONE if request.authority is None else some(request.authority))
    method("set-authority", setting("authority"))
    bind_method(instance, context, "outgoing-response.status-code", OutgoingResponse, lambda response: response.status)
    bind_method(instance, context, "outgoing-response.set-status-code", OutgoingResponse, set_status)

    def answer(store: Any, out: Any, response: Any) -> None:
        outparam: ResponseOut = take_object(store, context, out, Taken(ResponseOut))
        if isinstance(response, Variant):
            outparam.answer(HttpError(response.tag, response.payload))
        else:
            outparam.answer(take_object(store, context, response, Taken(OutgoingResponse)))

    bind_with_store(instance, context, "[static]response-outparam.set", answer)


def _link_options(instance: LinkerInstance, context: GuestContext) -> None:
    def put(name: str) -> Callable[[RequestOptions, int | None], Variant]:
        def change(options: RequestOptions, span: int | None) -> Variant:
            setattr(options, name, span)
            return ok()

        return change

    def get(name: str) -> Callable[[RequestOptions], int | None]:
        return lambda options: getattr(options, name)

    bind(
        *(instance, context, "[constructor]request-options"),
        lambda: new_handle(context, ResourceNumber.REQUEST_OPTIONS, RequestOptions()),
    )
    for name, of in (("connect", "connect"), ("first-byte", "first_byte"), ("between-bytes", "between_bytes")):
        bind_method(instance, context, f"request-options.{name}-timeout", RequestOptions, get(of))
        bind_method(instance, context, f"request-options.set-{name}-timeout", RequestOptions, put(of))


def _link_bodies(instance: LinkerInstance, context: GuestContext) -> None:
    def stream(body: IncomingBody) -> Variant:
        if body.given:
            return err()
        body.given = True
        return ok(new_input(context, PipeInput(body.pipe)))

    def write(body: OutgoingBody) -> Variant:
        if body.given:
            return err()
        body.given = True
        return ok(new_output(context, PipeOutput(body.pipe)))

    def finish_incoming(body: IncomingBody) -> ResourceHost:
        body.close()
        return new_handle(context, ResourceNumber.FUTURE_TRAILERS, FutureTrailers())

    def finish_outgoing(body: OutgoingBody, _trailers: Fields | None) -> Variant:
        if body.pipe.error is not None:
            return err(Variant("connection-terminated"))
        body.pipe.end()
        return ok()

    bind_method(instance, context, "incoming-body.stream", IncomingBody, stream)
    bind_method(instance, context, "outgoing-body.write", OutgoingBody, write)
    bind_resources(instance, context, "[static]incoming-body.finish", finish_incoming, (Taken(IncomingBody),))
    bind_resources(
        *(instance, context, "[static]outgoing-body.finish"), finish_outgoing, (Taken(OutgoingBody), Taken(Fields))
    )


def _link_futures(instance: LinkerInstance, context: GuestContext) -> None:
    def response(future: FutureResponse) -> Variant:
        if future.result is None:
            return NONE
        if future.taken:
            return some(err())
        future.taken = True
        if isinstance(future.result, HttpError):
            return some(ok(err(error_code(future.result))))
        return some(ok(ok(new_handle(context, ResourceNumber.INCOMING_RESPONSE, future.result))))

    def trailers(future: FutureTrailers) -> Variant:
        if future.taken:
            return some(err())
        future.taken = True
        return some(ok(ok(NONE)))

    bind_method(
        *(instance, context, "future-incoming-response.subscribe", FutureResponse),
        lambda future: new_pollable(context, Pollable(is_ready=lambda: future.result is not None)),
    )
    bind_method(instance, context, "future-incoming-response.get", FutureResponse, response)
    bind_method(
        *(instance, context, "future-trailers.subscribe", FutureTrailers),
        lambda _: new_pollable(context, Pollable(is_ready=lambda: True)),
    )
    bind_method(instance, context, "future-trailers.get", FutureTrailers, trailers)
