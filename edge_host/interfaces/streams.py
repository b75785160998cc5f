"""``wasi:io/error`` and ``wasi:io/streams@0.2.0``: bytes in and out, waiting or not."""

from __future__ import annotations

from collections.abc import Callable

from wasmtime.component import LinkerInstance, ResourceHost, Variant

from edge_host.errors import StopError
from edge_host.interfaces.adapter import (
    ResourceNumber,
    bind_method,
    bind_resource,
    bind_resources,
    err,
    new_handle,
    ok,
)
from edge_host.interfaces.context import GuestContext
from edge_host.interfaces.poll import Pollable, new_pollable
from edge_host.streams import InputStream, IoError, OutputStream, StreamClosedError, StreamFailedError

CLOSED = Variant("closed")


def new_input(context: GuestContext, stream: InputStream) -> ResourceHost:
    """A handle to `stream` for the guest."""
    return new_handle(context, ResourceNumber.INPUT_STREAM, stream)


def new_output(context: GuestContext, stream: OutputStream) -> ResourceHost:
    """A handle to `stream` for the guest."""
    return new_handle(context, ResourceNumber.OUTPUT_STREAM, stream)


def read(context: GuestContext, stream: InputStream, most: int, *, wait: bool) -> bytes:
    """Up to `most` bytes, which may be fewer than there are: no more than may cross at once."""
    if wait and most:
        context.wait(stream.ready)
    data = stream.read(min(most, context.bytes_left))
    context.spend(len(data))
    return data


def skip(context: GuestContext, stream: InputStream, most: int, *, wait: bool) -> int:
    """Read and forget up to `most` bytes; gives how many."""
    if wait and most:
        context.wait(stream.ready)
    return len(stream.read(most))


def room(context: GuestContext, stream: OutputStream) -> int:
    """How many bytes the guest may write now."""
    return min(stream.room(), context.bytes_left)


def write(context: GuestContext, stream: OutputStream, data: bytes) -> None:
    """Take `data`; more than was allowed is the guest's mistake."""
    context.spend(len(data))
    if len(data) > stream.room():
        raise StopError("trap", "a write of more bytes than check-write allowed")
    stream.write(data)


def write_all(context: GuestContext, stream: OutputStream, data: bytes) -> None:
    """Take all of `data` as there is room, and wait until it is flushed."""
    context.spend(len(data))
    rest = memoryview(data)
    while rest:
        context.wait(stream.ready)
        size = stream.room()
        stream.write(bytes(rest[:size]))
        rest = rest[size:]
    flush(context, stream)


def flush(context: GuestContext, stream: OutputStream) -> None:
    """Pass on what was taken, and wait until there is room again."""
    stream.flush()
    context.wait(stream.ready)


def splice(context: GuestContext, target: OutputStream, source: InputStream, most: int, *, wait: bool) -> int:
    """Carry up to `most` bytes from `source` to `target`; gives how many."""
    if wait and most:
        context.wait(target.ready)
        context.wait(source.ready)
    size = min(most, target.room())
    if not size:
        return 0
    data = source.read(size)
    target.write(data)
    return len(data)


def attempt(context: GuestContext, action: Callable[[], object]) -> Variant:
    """The WIT result of `action`."""
    try:
        return ok(action())
    except StreamClosedError:
        return err(CLOSED)
    except StreamFailedError as failed:
        return err(Variant("last-operation-failed", new_handle(context, ResourceNumber.IO_ERROR, failed.error)))


def link_error(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:io/error`` to a guest."""
    bind_resource(instance, context, "error", ResourceNumber.IO_ERROR)
    bind_method(instance, context, "error.to-debug-string", IoError, lambda error: error.text)


def link(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:io/streams`` to a guest."""
    bind_resource(instance, context, "error", ResourceNumber.IO_ERROR)
    bind_resource(instance, context, "pollable", ResourceNumber.POLLABLE)
    bind_resource(instance, context, "input-stream", ResourceNumber.INPUT_STREAM)
    bind_resource(instance, context, "output-stream", ResourceNumber.OUTPUT_STREAM)

    def of_input(name: str, action: Callable[..., object]) -> None:
        def call(stream: InputStream, *arguments: int) -> Variant:
            return attempt(context, lambda: action(stream, *arguments))

        bind_method(instance, context, f"input-stream.{name}", InputStream, call)

    def of_output(name: str, action: Callable[..., object]) -> None:
        def call(stream: OutputStream, *arguments: bytes) -> Variant:
            return attempt(context, lambda: action(stream, *arguments))

        bind_method(instance, context, f"output-stream.{name}", OutputStream, call)

    def splicing(name: str, *, wait: bool) -> None:
        def call(target: OutputStream, source: InputStream, most: int) -> Variant:
            return attempt(context, lambda: splice(context, target, source, most, wait=wait))

        bind_resources(instance, context, f"[method]output-stream.{name}", call, (OutputStream, InputStream))

    of_input("read", lambda stream, most: read(context, stream, most, wait=False))
    of_input("blocking-read", lambda stream, most: read(context, stream, most, wait=True))
    of_input("skip", lambda stream, most: skip(context, stream, most, wait=False))
    of_input("blocking-skip", lambda stream, most: skip(context, stream, most, wait=True))
    of_output("check-write", lambda stream: room(context, stream))
    of_output("write", lambda stream, data: write(context, stream, data))
    of_output("blocking-write-and-flush", lambda stream, data: write_all(context, stream, data))
    of_output("flush", lambda stream: stream.flush())
    of_output("blocking-flush", lambda stream: flush(context, stream))
    of_output("write-zeroes", lambda stream, size: write(context, stream, _zeroes(context, size)))
    of_output(
        "blocking-write-zeroes-and-flush", lambda stream, size: write_all(context, stream, _zeroes(context, size))
    )
    splicing("splice", wait=False)
    splicing("blocking-splice", wait=True)
    for name, kind in (("input-stream", InputStream), ("output-stream", OutputStream)):
        bind_method(
            *(instance, context, f"{name}.subscribe", kind),
            lambda stream: new_pollable(context, Pollable(is_ready=stream.ready)),
        )


def _zeroes(context: GuestContext, size: int) -> bytes:
    if not context.fits(size):
        raise StopError("host-call-bytes", f"{size} zeroes in one call")
    return bytes(size)
