"""``wasi:filesystem@0.2.0``: files in the folders that the mounts of a component name (`edge_host.folders`)."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from typing import Any

from wasmtime.component import LinkerInstance, Record, ResourceHost, Variant

from edge_host import folders
from edge_host.errors import StopError
from edge_host.folders import Opened, Wanted
from edge_host.interfaces import clocks
from edge_host.interfaces.adapter import (
    ResourceNumber,
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
from edge_host.interfaces.file_streams import FileInput, FileOutput, code
from edge_host.interfaces.streams import new_input, new_output
from edge_host.streams import IoError

_ADVICE = {
    "normal": os.POSIX_FADV_NORMAL,
    "sequential": os.POSIX_FADV_SEQUENTIAL,
    "random": os.POSIX_FADV_RANDOM,
    "will-need": os.POSIX_FADV_WILLNEED,
    "dont-need": os.POSIX_FADV_DONTNEED,
    "no-reuse": os.POSIX_FADV_NOREUSE,
}
_KINDS = {
    stat.S_IFREG: "regular-file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "symbolic-link",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "character-device",
    stat.S_IFBLK: "block-device",
}
FOLLOW = "symlink-follow"
LARGEST = (1 << 63) - 1


class Entries:
    """What is left of a listing of a folder."""

    def __init__(self, found: list[tuple[str, int]]) -> None:
        self._left: Iterator[tuple[str, int]] = iter(found)

    def next(self) -> Record | None:
        """The next entry."""
        entry = next(self._left, None)
        return None if entry is None else record(type=kind_of(entry[1]), name=entry[0])


def kind_of(mode: int) -> str:
    """The `descriptor-type` of an `st_mode`."""
    return _KINDS.get(stat.S_IFMT(mode), "unknown")


def state(found: os.stat_result) -> Record:
    """The `descriptor-stat` of a file."""
    return record(
        type=kind_of(found.st_mode),
        link_count=found.st_nlink,
        size=found.st_size,
        data_access_timestamp=clocks.datetime(max(0, found.st_atime_ns)),
        data_modification_timestamp=clocks.datetime(max(0, found.st_mtime_ns)),
        status_change_timestamp=clocks.datetime(max(0, found.st_ctime_ns)),
    )


def wanted(open_flags: set[str], flags: set[str]) -> Wanted:
    """How a guest opens something, from its two sets of flags."""
    return Wanted(
        read="read" in flags,
        write="write" in flags,
        change="mutate-directory" in flags,
        create="create" in open_flags,
        exclusive="exclusive" in open_flags,
        truncate="truncate" in open_flags,
        folder="directory" in open_flags,
        sync="file-integrity-sync" in flags or "requested-write-sync" in flags,
        data_sync="data-integrity-sync" in flags,
    )


def flags_of(opened: Opened) -> set[str]:
    """The `descriptor-flags` of something open."""
    given = ((opened.read, "read"), (opened.write, "write"), (opened.is_folder and opened.change, "mutate-directory"))
    return {name for has, name in given if has}


def read(context: GuestContext, opened: Opened, size: int, offset: int) -> tuple[bytes, bool]:
    """Up to `size` bytes at `offset`, no more than may cross at once, and whether the file ended."""
    _content(opened, reading=True)
    size = min(size, context.bytes_left)
    data = os.pread(opened.fd, size, _place(offset))
    context.spend(len(data))
    return data, not data and size > 0


def write(context: GuestContext, opened: Opened, data: bytes, offset: int) -> int:
    """Write at `offset`; gives how many bytes."""
    context.spend(len(data))
    _content(opened, reading=False)
    return os.pwrite(opened.fd, data, _place(offset))


def times(*given: Variant) -> tuple[int | None, int | None]:
    """Nanoseconds since 1970 of two `new-timestamp`; None leaves a time as it is."""
    access, change = (_nanoseconds(timestamp) for timestamp in given)
    return access, change


def attempt(context: GuestContext, action: Callable[[], object], *paths: str) -> Variant:
    """The WIT result of `action` with these `paths`."""
    context.spend(sum(len(path.encode("utf-8", "replace")) for path in paths))
    try:
        return ok(action())
    except OSError as error:
        return err(code(error))


def link_preopens(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:filesystem/preopens`` to a guest: the mounts of its component."""
    bind_resource(instance, context, "descriptor", ResourceNumber.DESCRIPTOR)

    def opened() -> Iterator[tuple[ResourceHost, str]]:
        for mount in context.options.mounts:
            folder = context.labels.folder(mount.label)
            if folder is None:
                raise StopError("error", f"no folder under the label {mount.label}")
            root = folders.open_root(folder.path, read_only=mount.read_only or folder.read_only)
            yield new_handle(context, ResourceNumber.DESCRIPTOR, root), mount.path

    bind(instance, context, "get-directories", lambda: list(opened()))


def link(instance: LinkerInstance, context: GuestContext) -> None:
    """Offer ``wasi:filesystem/types`` to a guest."""
    for name, number in (
        *(("input-stream", ResourceNumber.INPUT_STREAM), ("output-stream", ResourceNumber.OUTPUT_STREAM)),
        *(("error", ResourceNumber.IO_ERROR), ("descriptor", ResourceNumber.DESCRIPTOR)),
        ("directory-entry-stream", ResourceNumber.DIRECTORY_ENTRIES),
    ):
        bind_resource(instance, context, name, number)
    _link_content(instance, context)
    _link_state(instance, context)
    _link_paths(instance, context)
    bind_resources(instance, context, "filesystem-error-code", lambda error: error.file_code, (IoError,))


def _method(
    instance: LinkerInstance, context: GuestContext, name: str, action: Callable[..., object], kind: type = Opened
) -> None:
    """Offer a method of a descriptor; its arguments that are texts are paths."""

    def call(opened: Opened, *arguments: object) -> Variant:
        paths = [argument for argument in arguments if isinstance(argument, str)]
        return attempt(context, lambda: action(opened, *arguments), *paths)

    owner = "descriptor" if kind is Opened else "directory-entry-stream"
    bind_method(instance, context, f"{owner}.{name}", kind, call)


def _link_content(instance: LinkerInstance, context: GuestContext) -> None:
    """What a file holds."""

    def reading(opened: Opened, offset: int) -> ResourceHost:
        _content(opened, reading=True)
        return new_input(context, FileInput(os.dup(opened.fd), _place(offset)))

    def writing(opened: Opened, offset: int | None) -> ResourceHost:
        _content(opened, reading=False)
        return new_output(context, FileOutput(os.dup(opened.fd), None if offset is None else _place(offset)))

    def advise(opened: Opened, offset: int, size: int, advice: str) -> None:
        os.posix_fadvise(opened.fd, _place(offset), _place(size), _ADVICE[advice])

    def set_size(opened: Opened, size: int) -> None:
        _content(opened, reading=False)
        os.ftruncate(opened.fd, _place(size))

    _method(instance, context, "read-via-stream", reading)
    _method(instance, context, "write-via-stream", writing)
    _method(instance, context, "append-via-stream", lambda opened: writing(opened, None))
    _method(instance, context, "read", lambda opened, size, offset: read(context, opened, size, offset))
    _method(instance, context, "write", lambda opened, data, offset: write(context, opened, data, offset))
    _method(instance, context, "advise", advise)
    _method(instance, context, "set-size", set_size)
    _method(instance, context, "sync", lambda opened: os.fsync(opened.fd))
    _method(instance, context, "sync-data", lambda opened: os.fdatasync(opened.fd))


def _link_state(instance: LinkerInstance, context: GuestContext) -> None:
    """What is told about something open."""

    def listing(opened: Opened) -> ResourceHost:
        return new_handle(context, ResourceNumber.DIRECTORY_ENTRIES, Entries(folders.entries(opened)))

    def same(one: Opened, other: Opened) -> bool:
        return os.path.sameopenfile(one.fd, other.fd)

    _method(instance, context, "get-flags", flags_of)
    _method(instance, context, "get-type", lambda opened: kind_of(os.fstat(opened.fd).st_mode))
    _method(instance, context, "stat", lambda opened: state(os.fstat(opened.fd)))
    _method(instance, context, "metadata-hash", lambda opened: _hash(os.fstat(opened.fd)))
    _method(instance, context, "read-directory", listing)
    _method(instance, context, "read-directory-entry", Entries.next, Entries)
    _method(instance, context, "set-times", lambda opened, *given: folders.set_times(opened, times(*given)))
    bind_resources(instance, context, "[method]descriptor.is-same-object", same, (Opened, Opened))


def _link_paths(instance: LinkerInstance, context: GuestContext) -> None:
    """What lies at a path."""

    def open_at(folder: Opened, follow: set[str], path: str, open_flags: set[str], flags: set[str]) -> ResourceHost:
        opened = folders.open_at(folder, path, wanted(open_flags, flags), follow=FOLLOW in follow)
        return new_handle(context, ResourceNumber.DESCRIPTOR, opened)

    def stat_at(folder: Opened, follow: set[str], path: str) -> os.stat_result:
        return folders.stat_at(folder, path, follow=FOLLOW in follow)

    def set_times_at(folder: Opened, follow: set[str], path: str, *given: Variant) -> None:
        folders.set_times_at(folder, path, times(*given), follow=FOLLOW in follow)

    def rename(old: Opened, old_path: str, new: Opened, new_path: str) -> Variant:
        return attempt(context, lambda: folders.rename(old, old_path, new, new_path), old_path, new_path)

    def hard_link(old: Opened, follow: set[str], old_path: str, new: Opened, new_path: str) -> Variant:
        def make() -> None:
            folders.link(old, old_path, new, new_path, follow=FOLLOW in follow)

        return attempt(context, make, old_path, new_path)

    _method(instance, context, "open-at", open_at)
    _method(instance, context, "stat-at", lambda *given: state(stat_at(*given)))
    _method(instance, context, "metadata-hash-at", lambda *given: _hash(stat_at(*given)))
    _method(instance, context, "set-times-at", set_times_at)
    _method(instance, context, "create-directory-at", folders.make_folder)
    _method(instance, context, "remove-directory-at", folders.remove_folder)
    _method(instance, context, "unlink-file-at", folders.unlink)
    _method(instance, context, "readlink-at", folders.read_link)
    _method(instance, context, "symlink-at", folders.symlink)
    bind_resources(instance, context, "[method]descriptor.rename-at", rename, (Opened, None, Opened))
    bind_resources(instance, context, "[method]descriptor.link-at", hard_link, (Opened, None, None, Opened))


def _content(opened: Opened, *, reading: bool) -> None:
    """Refuse what the descriptor was not opened for."""
    if opened.is_folder:
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not (opened.read if reading else opened.write):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def _place(offset: int) -> int:
    if offset > LARGEST:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    return offset


def _hash(found: os.stat_result) -> Record:
    lower, upper = folders.identity(found)
    return record(lower=lower, upper=upper)


def _nanoseconds(timestamp: Variant) -> int | None:
    if timestamp.tag == "no-change":
        return None
    if timestamp.tag == "now":
        return time.time_ns()
    given: Any = timestamp.payload
    nanoseconds = int(given.seconds) * clocks.SECOND + int(given.nanoseconds)
    return _place(nanoseconds)
