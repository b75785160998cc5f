"""``wasi:blobstore@0.2.0-draft``: objects in containers (`edge_host.blobs`); a grant's labels are containers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from wasmtime.component import LinkerInstance, Record, ResourceHost, Variant

from edge_host.blobs import BlobError, Containers, Draft
from edge_host.interfaces.adapter import (
    ResourceNumber,
    Taken,
    bind,
    bind_method,
    bind_resource,
    bind_resources,
    err,
    new_handle,
    ok,
    record,
)
from edge_host.interfaces.context import GuestContext
from edge_host.interfaces.file_streams import FileInput
from edge_host.interfaces.streams import new_input, new_output
from edge_host.streams import InputStream, IoError, OutputStream, StreamClosedError, StreamFailedError
from wire.interfaces import BLOBSTORE

NOT_GRANTED = "not-granted"


@dataclass(frozen=True)
class Opened:
    """A container that is open."""

    name: str
    containers: Containers


class OutgoingValue:
    """A new object: bytes that are written, and where they are to go once it is finished."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.target: tuple[Opened, str] | None = None
        self.given = False

    def close(self) -> None:
        """Forget it, unless it was kept."""
        self.draft.close()


class DraftOutput(OutputStream):
    """Writes to a draft."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    def write(self, data: bytes) -> None:
        """See `OutputStream.write`."""
        try:
            self._draft.write(data)
        except (BlobError, OSError) as error:
            raise StreamFailedError(IoError(str(error))) from None


@dataclass
class IncomingValue:
    """A part of an object: `size` bytes from `start`."""

    fd: int
    start: int
    size: int

    def close(self) -> None:
        """Let go of the object."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)


class PartInput(InputStream):
    """Reads so many bytes of a file."""

    def __init__(self, value: IncomingValue) -> None:
        self._file = FileInput(value.fd, value.start)
        self._left = value.size

    def read(self, most: int) -> bytes:
        """See `InputStream.read`."""
        if not self._left:
            raise StreamClosedError
        data = self._file.read(min(most, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        """See `InputStream.close`."""
        self._file.close()


@dataclass
class Names:
    """What is left of a listing."""

    left: Iterator[str]
    ended: bool = field(default=False)

    def take(self, most: int) -> tuple[list[str], bool]:
        """The next names, and whether there are no more."""
        taken = list(islice(self.left, min(most, sys.maxsize)))
        self.ended = len(taken) < most
        return taken, self.ended


def containers_of(context: GuestContext, name: str) -> Containers:
    """Where the container `name` is, which the guest must have been granted."""
    if not context.may_open(BLOBSTORE.full_name, name):
        raise BlobError(NOT_GRANTED)
    return context.blobs().of_container(name)


def attempt(context: GuestContext, action: Callable[[], object], *texts: str) -> Variant:
    """The WIT result of `action` with these names."""
    context.spend(sum(len(text.encode("utf-8", "replace")) for text in texts))
    try:
        return ok(action())
    except BlobError as error:
        return err(str(error))
    except OSError as error:
        return err(error.strerror or str(error))


def part(container: Opened, name: str, start: int, end: int) -> IncomingValue:
    """The bytes of an object from `start` to `end`, both inclusive."""
    size = container.containers.object_info(container.name, name).size
    if start > end:
        raise BlobError("invalid-range: it ends before it begins")
    start = min(start, size)
    return IncomingValue(container.containers.open(container.name, name), start, min(end + 1, size) - start)


def consume(context: GuestContext, value: IncomingValue) -> bytes:
    """All bytes of a value; they must fit into one call."""
    try:
        context.spend(value.size)
        return os.pread(value.fd, value.size, value.start)
    finally:
        value.close()


def finish(value: OutgoingValue) -> None:
    """Keep a value that was written."""
    try:
        if value.target is None:
            raise BlobError("it was given to no container: call write-data first")
        container, name = value.target
        container.containers.keep(value.draft, container.name, name)
    finally:
        value.close()


def link_types(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:blobstore/types`` to a guest."""
    for name, number in (
        *(("input-stream", ResourceNumber.INPUT_STREAM), ("output-stream", ResourceNumber.OUTPUT_STREAM)),
        *(
            ("incoming-value-async-body", ResourceNumber.INPUT_STREAM),
            ("outgoing-value", ResourceNumber.OUTGOING_VALUE),
        ),
        ("incoming-value", ResourceNumber.INCOMING_VALUE),
    ):
        bind_resource(instance, context, name, number)

    def new() -> ResourceHost:
        return new_handle(context, ResourceNumber.OUTGOING_VALUE, OutgoingValue(context.blobs().draft()))

    def body(value: OutgoingValue) -> Variant:
        if value.given:
            return err()
        value.given = True
        return ok(new_output(context, DraftOutput(value.draft)))

    def stream(value: IncomingValue) -> Variant:
        return ok(new_input(context, PartInput(value)))

    bind(instance, context, "[static]outgoing-value.new-outgoing-value", new)
    bind_method(instance, context, "outgoing-value.outgoing-value-write-body", OutgoingValue, body)
    for name, action, kind in (
        ("outgoing-value.finish", lambda value: attempt(context, lambda: finish(value)), OutgoingValue),
        (
            "incoming-value.incoming-value-consume-sync",
            lambda value: attempt(context, lambda: consume(context, value)),
            IncomingValue,
        ),
        ("incoming-value.incoming-value-consume-async", stream, IncomingValue),
    ):
        bind_resources(instance, context, f"[static]{name}", action, (Taken(kind),))
    bind_method(instance, context, "incoming-value.size", IncomingValue, lambda value: value.size)


def link_container(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:blobstore/container`` to a guest."""
    for name, number in (
        *(("incoming-value", ResourceNumber.INCOMING_VALUE), ("outgoing-value", ResourceNumber.OUTGOING_VALUE)),
        *(("container", ResourceNumber.CONTAINER), ("stream-object-names", ResourceNumber.OBJECT_NAMES)),
    ):
        bind_resource(instance, context, name, number)

    def method(name: str, action: Callable[..., object]) -> None:
        def call(container: Opened, *arguments: Any) -> Variant:
            texts = [argument for argument in arguments if isinstance(argument, str)]
            return attempt(context, lambda: action(container, *arguments), *texts)

        bind_method(instance, context, f"container.{name}", Opened, call)

    def get_data(container: Opened, name: str, start: int, end: int) -> ResourceHost:
        return new_handle(context, ResourceNumber.INCOMING_VALUE, part(container, name, start, end))

    def write_data(container: Opened, name: str, value: OutgoingValue) -> Variant:
        def aim() -> None:
            value.target = (container, name)

        return attempt(context, aim, name)

    def listing(container: Opened) -> ResourceHost:
        names = Names(iter(container.containers.names(container.name)))
        return new_handle(context, ResourceNumber.OBJECT_NAMES, names)

    def of_objects(name: str, action: Callable[[Names, int], object]) -> None:
        def call(names: Names, most: int) -> Variant:
            return attempt(context, lambda: action(names, most))

        bind_method(instance, context, f"stream-object-names.{name}", Names, call)

    def delete_all(container: Opened, names: list[str]) -> None:
        for name in names:
            container.containers.remove(container.name, name)

    def read_names(names: Names, most: int) -> tuple[list[str], bool]:
        taken, ended = names.take(min(most, max(1, context.bytes_left // 64)))
        context.spend(sum(len(name.encode()) for name in taken))
        return taken, ended

    def skip_names(names: Names, most: int) -> tuple[int, bool]:
        taken, ended = names.take(most)
        return len(taken), ended

    method("name", lambda container: container.name)
    method("info", lambda container: _info(container, container.name, None))
    method("get-data", get_data)
    method("list-objects", listing)
    method("delete-object", lambda container, name: container.containers.remove(container.name, name))
    method("delete-objects", delete_all)
    method("has-object", lambda container, name: container.containers.has(container.name, name))
    method("object-info", lambda container, name: _info(container, container.name, name))
    method("clear", lambda container: container.containers.clear(container.name))
    bind_resources(instance, context, "[method]container.write-data", write_data, (Opened, None, OutgoingValue))
    of_objects("read-stream-object-names", read_names)
    of_objects("skip-stream-object-names", skip_names)


def link(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:blobstore/blobstore`` to a guest."""
    bind_resource(instance, context, "container", ResourceNumber.CONTAINER)

    def opened(name: str, containers: Containers) -> ResourceHost:
        return new_handle(context, ResourceNumber.CONTAINER, Opened(name, containers))

    def create(name: str) -> ResourceHost:
        containers = containers_of(context, name)
        containers.create(name)
        return opened(name, containers)

    def get(name: str) -> ResourceHost:
        containers = containers_of(context, name)
        if not containers.exists(name):
            raise BlobError("no such container")
        return opened(name, containers)

    def copy(source: Any, target: Any) -> None:
        for name in (source.container, target.container):
            containers_of(context, name)
        context.blobs().copy((source.container, source.object), (target.container, target.object))

    def move(source: Any, target: Any) -> None:
        copy(source, target)
        if (source.container, source.object) != (target.container, target.object):
            containers_of(context, source.container).remove(source.container, source.object)

    def offer(name: str, action: Callable[[str], object]) -> None:
        bind(instance, context, name, lambda text: attempt(context, lambda: action(text), text))

    offer("create-container", create)
    offer("get-container", get)
    offer("delete-container", lambda name: containers_of(context, name).delete(name))
    offer("container-exists", lambda name: containers_of(context, name).exists(name))
    bind(instance, context, "copy-object", lambda source, target: attempt(context, lambda: copy(source, target)))
    bind(instance, context, "move-object", lambda source, target: attempt(context, lambda: move(source, target)))


def _info(container: Opened, name: str, blob: str | None) -> Record:
    if blob is None:
        return record(name=name, created_at=container.containers.info(name).created)
    found = container.containers.object_info(name, blob)
    return record(name=blob, container=name, created_at=found.created, size=found.size)
