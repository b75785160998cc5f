"""Folders of this machine that guests see, and what lies in them; nothing outside can be reached.

A path of a guest is gone step by step from the folder, each step relative to the open folder before it, and no step
follows a symbolic link: links are read and gone in the same way. `..` leads back over the folders that were passed,
never above the first, so a rename meanwhile changes nothing. Only regular files and folders are opened.

Everything raises `OSError`; `EPERM` is a path that leads outside, `EROFS` a change where only reading is allowed.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MOST_LINKS = 40
_STEP = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_SAFE = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


class Opened:
    """An open file or folder; `close` or the end of its owner closes it."""

    def __init__(self, fd: int, *, is_folder: bool, read: bool, write: bool, change: bool) -> None:
        """`read` and `write` are for a file's content; `change` is for what lies in a folder."""
        self.fd = fd
        self.is_folder = is_folder
        self.read, self.write, self.change = read, write, change

    def close(self) -> None:
        """Close it; once more does nothing."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        self.close()


@dataclass(frozen=True)
class Wanted:
    """How a guest opens something: the flags of `wasi:filesystem` that matter here."""

    read: bool = False
    write: bool = False
    change: bool = False
    create: bool = False
    exclusive: bool = False
    truncate: bool = False
    folder: bool = False
    sync: bool = False
    data_sync: bool = False


def open_root(path: str | os.PathLike[str], *, read_only: bool) -> Opened:
    """The folder `path` of this machine, which may be reached through links."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    return Opened(fd, is_folder=True, read=True, write=False, change=not read_only)


def open_at(folder: Opened, path: str, wanted: Wanted, *, follow: bool) -> Opened:
    """Open what lies at `path`; `follow` a link at its end."""
    changes = wanted.write or wanted.create or wanted.truncate
    if changes and not folder.change:
        raise _error(errno.EROFS)
    access = os.O_RDWR if wanted.read and wanted.write else os.O_WRONLY if wanted.write else os.O_RDONLY
    flags = access | _SAFE
    for chosen, flag in (
        *((wanted.exclusive, os.O_EXCL), (wanted.truncate, os.O_TRUNC), (wanted.folder, os.O_DIRECTORY)),
        *((wanted.create, os.O_CREAT), (wanted.sync, os.O_SYNC), (wanted.data_sync, os.O_DSYNC)),
    ):
        flags |= flag if chosen else 0
    with _at(folder, path, follow=follow and not wanted.exclusive) as (parent, name):
        _refuse_special(parent, name)
        fd = os.open(name, flags | (os.O_DIRECTORY if path.endswith("/") else 0), 0o666, dir_fd=parent)
    try:
        kind = os.fstat(fd).st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
            raise _error(errno.EACCES)
        os.set_blocking(fd, True)
    except BaseException:
        os.close(fd)
        raise
    is_folder = stat.S_ISDIR(kind)
    return Opened(
        fd,
        is_folder=is_folder,
        read=wanted.read,
        write=wanted.write and not is_folder,
        change=folder.change and (wanted.change or not is_folder),
    )


def stat_at(folder: Opened, path: str, *, follow: bool) -> os.stat_result:
    """The state of what lies at `path`."""
    with _at(folder, path, follow=follow) as (parent, name):
        return os.stat(name, dir_fd=parent, follow_symlinks=False)


def make_folder(folder: Opened, path: str) -> None:
    """Make a folder."""
    with _at(_changeable(folder), path.rstrip("/"), follow=False) as (parent, name):
        os.mkdir(name, 0o777, dir_fd=parent)


def remove_folder(folder: Opened, path: str) -> None:
    """Remove an empty folder."""
    with _at(_changeable(folder), path.rstrip("/"), follow=False) as (parent, name):
        os.rmdir(name, dir_fd=parent)


def unlink(folder: Opened, path: str) -> None:
    """Remove a file or a link."""
    with _at(_changeable(folder), path, follow=False) as (parent, name):
        os.unlink(name, dir_fd=parent)


def rename(old: Opened, old_path: str, new: Opened, new_path: str) -> None:
    """Give a file or folder another place."""
    with (
        _at(_changeable(old), old_path.rstrip("/"), follow=False) as (old_parent, old_name),
        _at(_changeable(new), new_path.rstrip("/"), follow=False) as (new_parent, new_name),
    ):
        os.rename(old_name, new_name, src_dir_fd=old_parent, dst_dir_fd=new_parent)


def link(old: Opened, old_path: str, new: Opened, new_path: str, *, follow: bool) -> None:
    """Give a file a second name."""
    with (
        _at(_changeable(old), old_path, follow=follow) as (old_parent, old_name),
        _at(_changeable(new), new_path, follow=False) as (new_parent, new_name),
    ):
        os.link(old_name, new_name, src_dir_fd=old_parent, dst_dir_fd=new_parent, follow_symlinks=False)


def symlink(folder: Opened, target: str, path: str) -> None:
    """Make a symbolic link to `target`, which must not be absolute."""
    if target.startswith("/"):
        raise _error(errno.EPERM)
    with _at(_changeable(folder), path, follow=False) as (parent, name):
        os.symlink(target, name, dir_fd=parent)


def read_link(folder: Opened, path: str) -> str:
    """What a symbolic link leads to; an absolute one is not told."""
    with _at(folder, path, follow=False) as (parent, name):
        target = os.readlink(name, dir_fd=parent)
    if target.startswith("/"):
        raise _error(errno.EPERM)
    return target


def set_times_at(folder: Opened, path: str, times: tuple[int | None, int | None], *, follow: bool) -> None:
    """Set access and change time in nanoseconds since 1970; None leaves one as it is."""
    with _at(_changeable(folder), path, follow=follow) as (parent, name):
        now = os.stat(name, dir_fd=parent, follow_symlinks=False)
        os.utime(name, ns=_times(now, times), dir_fd=parent, follow_symlinks=False)


def set_times(opened: Opened, times: tuple[int | None, int | None]) -> None:
    """Like `set_times_at` of something open."""
    if not opened.change:
        raise _error(errno.EROFS)
    os.utime(opened.fd, ns=_times(os.fstat(opened.fd), times))


def entries(folder: Opened) -> list[tuple[str, int]]:
    """Name and type (`st_mode`) of everything in a folder, but for names that are not Unicode."""
    if not folder.is_folder:
        raise _error(errno.ENOTDIR)
    again = os.open(".", _STEP, dir_fd=folder.fd)
    try:
        found = []
        with os.scandir(again) as listed:
            for entry in listed:
                if entry.name.isprintable() or not any("\ud800" <= letter <= "\udfff" for letter in entry.name):
                    found.append((entry.name, entry.stat(follow_symlinks=False).st_mode))
        return found
    finally:
        os.close(again)


def identity(state: os.stat_result) -> tuple[int, int]:
    """Two numbers that change when a file is another one or was changed."""
    parts = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
    digest = hashlib.blake2b(repr(parts).encode(), digest_size=16).digest()
    return int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:], "big")


def _times(now: os.stat_result, times: tuple[int | None, int | None]) -> tuple[int, int]:
    access, change = times
    return (now.st_atime_ns if access is None else access, now.st_mtime_ns if change is None else change)


def _changeable(folder: Opened) -> Opened:
    if not folder.change:
        raise _error(errno.EROFS)
    return folder


def _refuse_special(parent: int, name: str) -> None:
    """Refuse a device or a pipe before it is opened, for opening one may do something already."""
    try:
        kind = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind) or stat.S_ISLNK(kind)):
        raise _error(errno.EACCES)


@contextmanager
def _at(folder: Opened, path: str, *, follow: bool) -> Iterator[tuple[int, str]]:
    """The open folder that `path` ends in and the name in it, `.` for that folder itself."""
    if not folder.is_folder:
        raise _error(errno.ENOTDIR)
    if "\0" in path:
        raise _error(errno.EINVAL)
    if not path:
        raise _error(errno.ENOENT)
    passed: list[int] = [os.dup(folder.fd)]
    try:
        name = _walk(passed, path, follow=follow)
        yield passed[-1], name
    finally:
        for fd in passed:
            os.close(fd)


def _walk(passed: list[int], path: str, *, follow: bool) -> str:
    """Go to the folder that `path` ends in, which becomes the last of `passed`; gives the name in it."""
    links = 0
    steps = _steps(path)
    while steps:
        step = steps.popleft()
        if step == "..":
            if len(passed) == 1:
                raise _error(errno.EPERM)
            os.close(passed.pop())
            continue
        if not steps and not follow:
            return step
        target = _link_target(passed[-1], step)
        if target is not None:
            links += 1
            if links > MOST_LINKS:
                raise _error(errno.ELOOP)
            steps.extendleft(reversed(_steps(target)))
        elif steps:
            passed.append(os.open(step, _STEP, dir_fd=passed[-1]))
        else:
            return step
    return "."


def _steps(path: str) -> deque[str]:
    if path.startswith("/"):
        raise _error(errno.EPERM)
    return deque(step for step in path.split("/") if step not in ("", "."))


def _link_target(parent: int, name: str) -> str | None:
    """Where a symbolic link leads; None for anything else, and for what is not there."""
    try:
        return os.readlink(name, dir_fd=parent)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT):
            return None
        raise


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))
