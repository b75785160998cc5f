"""Doctor: configuration files, clock, disk, state folder and the engine."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from edge_host import kernel_clock
from edge_host.admin.findings import BAD, OK, WARN, Finding, Person
from edge_host.admin.status import size
from edge_host.config import Config
from edge_host.kernel_clock import Accuracy

FREE_BYTES_BAD = 16 * 1024 * 1024
FREE_BYTES_WARN = 128 * 1024 * 1024
FREE_FILES_BAD = 100

_PROBE = """(component (core module $m (func (export "f") (result i32) i32.const 7)) (core instance $i (instantiate $m))
(func (export "f") (result u32) (canon lift (core func $i "f"))))"""


def files(config: Config, person: Person) -> Iterator[Finding]:
    """Whether the agent can read its files, and nobody else its key."""
    mqtt = config.mqtt
    paths = [config.file, *(path for path in (mqtt.ca, mqtt.certificate, mqtt.key) if path is not None)] if mqtt else []
    for path in paths or [config.file]:
        try:
            readable = person.may(path, 4) and all(person.may(folder, 1) for folder in path.absolute().parents)
        except FileNotFoundError:
            advice = "enroll this machine: petiole device enroll NAME --site SITE --edge FOLDER"
            yield Finding("files", BAD, f"{path} is missing", advice)
            continue
        except PermissionError:
            readable = False
        if not readable:
            yield Finding("files", BAD, f"{person.name} may not read {path}", "sudo petiole agent install")
        elif mqtt is not None and path == mqtt.key and stat.S_IMODE(path.stat().st_mode) & 0o007:
            yield Finding("files", WARN, f"everybody may use the private key {path}", f"chmod 640 {path}")
        else:
            yield Finding("files", OK, f"{path} can be read")
    if config.secrets is not None and config.secrets.is_dir() and not person.may(config.secrets, 5):
        advice = f"chgrp -R {person.name} {config.secrets} && chmod -R g+rX,o= {config.secrets}"
        yield Finding("files", BAD, f"{person.name} may not read the secrets in {config.secrets}", advice)


def clock(accuracy: Accuracy | None = None, *, asked: bool = False) -> Iterator[Finding]:
    """Whether somebody keeps the clock; `accuracy` counts when it was `asked` for already."""
    found = accuracy if asked else kernel_clock.accuracy()
    advice = "let it be kept: apt-get install systemd-timesyncd, timedatectl set-ntp true (or chrony)"
    if found is None:
        yield Finding("clock", BAD, "the clock was never set: certificates and calendars cannot work", advice)
    elif found.uncertainty >= kernel_clock.UNKEPT:
        yield Finding("clock", WARN, "nobody keeps the clock right", advice)
    else:
        yield Finding("clock", OK, f"the clock is right within {found.uncertainty / 1e6:.0f} ms")


def disk(config: Config) -> Iterator[Finding]:
    """Whether there is room for the state."""
    folder = _there(config.state)
    found = os.statvfs(folder)
    free = found.f_bavail * found.f_frsize
    advice = f"make room on the disk of {folder}, or move device.state"
    if found.f_flag & os.ST_RDONLY:
        yield Finding(
            "disk", BAD, f"the disk of {folder} is mounted read-only", "mount it writable, or move device.state"
        )
    elif free < FREE_BYTES_BAD:
        yield Finding("disk", BAD, f"only {size(free)} are free for {config.state}", advice)
    elif found.f_files and found.f_favail < FREE_FILES_BAD:
        yield Finding("disk", BAD, f"only {found.f_favail} files more fit on the disk of {folder}", advice)
    elif free < FREE_BYTES_WARN:
        yield Finding("disk", WARN, f"{size(free)} are free for {config.state}", advice)
    else:
        yield Finding("disk", OK, f"{size(free)} are free for {config.state}")


def state(config: Config, person: Person) -> Iterator[Finding]:
    """Whether the agent may write its state."""
    folder = config.state
    try:
        there = _there(folder)
        status = there.stat()
        if there == folder and status.st_uid != person.uid:
            advice = f"chown -R {person.name} {folder}"
            yield Finding("state", BAD, f"{folder} belongs to user {status.st_uid}, not to {person.name}", advice)
        elif not person.may(there, 3):
            advice = f"install -d -m 700 -o {person.name} {folder}"
            yield Finding("state", BAD, f"{person.name} may not write to {there}", advice)
        else:
            yield Finding("state", OK, f"{folder} can be written")
    except PermissionError:
        yield Finding("state", WARN, f"{folder} cannot be looked at by this user", "run the doctor as root")


def engine(config: Config) -> Iterator[Finding]:
    """Whether a component can be compiled, stored, mapped and run, in the state folder if that may be."""
    try:
        from wasmtime import Store  # noqa: PLC0415 - may be broken, which is what is asked
        from wasmtime.component import Component, Linker  # noqa: PLC0415

        from edge_host.engine import new_engine  # noqa: PLC0415
    except (ImportError, OSError) as error:
        yield Finding(
            "engine", BAD, f"wasmtime does not load: {error}", "pip install --force-reinstall 'wasmtime==48.*'"
        )
        return
    folder = config.state if os.access(config.state, os.W_OK) else None
    try:
        made = new_engine()
        with tempfile.TemporaryDirectory(dir=folder, prefix=".doctor-") as place:
            file = Path(place) / "probe"
            file.write_bytes(Component(made, _PROBE).serialize())
            store = Store(made)
            store.set_fuel(1_000_000)
            store.set_epoch_deadline(1)
            instance = Linker(made).instantiate(store, Component.deserialize_file(made, str(file)))
            function = instance.get_func(store, "f")
            answer = function(store) if function is not None else None
    except Exception as error:  # any failure is the finding
        text = " ".join(str(error).split())
        advice = f"is the disk of {config.state} mounted noexec, or MemoryDenyWriteExecute set? allow it for the agent"
        yield Finding("engine", BAD, f"wasmtime cannot run a component: {text}", advice)
        return
    level, message = (OK, "wasmtime runs a component") if answer == 7 else (BAD, "wasmtime gives a wrong result")
    yield Finding("engine", level, message, "" if level == OK else "is the processor supported by wasmtime?")


def _there(folder: Path) -> Path:
    """The folder, or the first one above that exists."""
    return next((place for place in (folder, *folder.parents) if place.exists()), Path("/"))
