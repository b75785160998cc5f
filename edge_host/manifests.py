"""Workloads that files of this device desire, beside the fleet: the folder of `petiole agent run --manifests`.

A file is a bundle (`.suit`), a reference to one (`.toml`, `edge_host.sources.source`), or, where the agent has a
signing key, a workload file (`.yaml`, `edge_host.sources.workload_file`). The folder is looked through
every second; what did not change between two looks is read. A new file is installed as a release of the fleet is, a
changed one is an update, one that is gone for two looks takes its workload with it. What is wrong with a file is told
once, and what ran because of it runs on. A workload that the fleet desires too is the fleet's.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from edge_host import manifests_kept
from edge_host.artifacts import private_folder
from edge_host.manifests_kept import Kept, Stamp
from edge_host.manifests_take import kept_digests, store, taken
from edge_host.services import Services
from edge_host.sources.source import BUNDLE_SUFFIX, REFERENCE_SUFFIX, Source, read_source
from edge_host.sources.workload_file import WORKLOAD_SUFFIXES, signed
from wire.errors import MalformedError, RefusedError, SourceError
from wire.messages import DesiredWorkload, EventKind
from wire.refusals import Refusal
from wire.suit import Envelope

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
CODE_SUFFIX = ".code"
MOST_CHILDREN = 4
RETRY_SECONDS = (10.0, 20.0, 40.0, 80.0, 160.0, 300.0)
"""Pauses before a source that could not be reached is asked again; the last one for good."""


Desire = Callable[[tuple[DesiredWorkload, ...]], Awaitable[None]]


@dataclass(frozen=True)
class _Problem:
    """What is wrong with a file as it was at `stamp`; tried again at `retry_at` on the loop's clock, if it is set."""

    stamp: Stamp
    text: str
    retry_at: float | None = None
    tries: int = 1


class Manifests:
    """Belongs to the event loop's thread."""

    def __init__(self, folder: Path, state: Path, services: Services, signing_key: Path | None = None) -> None:
        self._folder = folder
        self._signing_key = signing_key
        self._services = services
        self._journal = services.journal
        self._work = private_folder(state / "manifests")
        _clear(self._work)
        self._file = manifests_kept.file_in(state)
        stored = manifests_kept.load(self._file)
        self._known = stored is not None
        self._changed = False
        self._kept = stored or {}
        self._digests = {name: kept_digests(kept.workload) for name, kept in self._kept.items()}
        self._problems: dict[str, _Problem] = {}
        self._taking: dict[str, tuple[Stamp, asyncio.Task[None]]] = {}
        self._children = asyncio.Semaphore(MOST_CHILDREN)
        self._storing = asyncio.Lock()
        self._seen: dict[str, Stamp] | None = None
        self._missing: set[str] = set()
        self._conflicts: set[str] = set()
        self._told: dict[str, str] = {}

    @property
    def stored(self) -> tuple[DesiredWorkload, ...] | None:
        """What the files stood for when they were last looked at; None when that is not known."""
        return self._desired() if self._known else None

    @property
    def digests(self) -> set[bytes]:
        """Payloads and components that the files need."""
        return set().union(*self._digests.values())

    def status(self) -> dict[str, object]:
        """What the files stand for, and what is wrong with them, for the agent's status."""
        return {
            "folder": str(self._folder),
            "files": {name: kept.workload.name for name, kept in sorted(self._kept.items())},
            "problems": {name: problem.text for name, problem in sorted(self._problems.items())},
        }

    async def run(self, desire: Desire, fleet_names: Callable[[], set[str]]) -> None:
        """Look through the folder until cancelled; `desire` is told at the first look and at every change."""
        try:
            while True:
                try:
                    await self.look()
                    if self._changed:
                        await asyncio.to_thread(manifests_kept.save, self._file, list(self._kept.values()))
                        await desire(self._desired())
                        self._changed = False
                    self._told.pop("keeping", None)
                except Exception as error:
                    self._tell("keeping", f"the manifests cannot be followed now: {error or type(error).__name__}")
                self._tell_conflicts(fleet_names())
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            for name in list(self._taking):
                await self._drop_task(name)

    async def look(self) -> None:
        """Look through the folder once."""
        try:
            found = await asyncio.to_thread(_stamps, self._folder)
        except OSError as error:
            text = f"the folder {self._folder} cannot be read: {error.strerror}; what it stood for runs on"
            self._tell("folder", text)
            return
        self._told.pop("folder", None)
        first, seen = self._seen is None, self._seen or {}
        self._changed = self._changed or (first and not self._known)
        self._seen = found
        self._problems = {name: problem for name, problem in self._problems.items() if name in found}
        self._drop_missing(found)
        for name, (stamp, _) in list(self._taking.items()):
            if found.get(name) != stamp:
                await self._drop_task(name)
        for name, stamp in sorted(found.items()):
            settled = first or seen.get(name) == stamp
            if settled and name not in self._taking and self._is_new(name, stamp, first):
                self._taking[name] = stamp, asyncio.create_task(self._take(name, stamp), name=f"manifest {name}")
        await self._finish_tasks()

    def _desired(self) -> tuple[DesiredWorkload, ...]:
        return tuple(kept.workload for _, kept in sorted(self._kept.items()))

    def _drop_missing(self, found: dict[str, Stamp]) -> None:
        missing = self._kept.keys() - found.keys()
        gone, self._missing = missing & self._missing, missing
        for name in gone:
            log.info("%s is gone, workload %s ends", self._folder / name, self._kept[name].workload.name)
            del self._kept[name], self._digests[name]
            self._try_busy_again()
            self._changed = True

    def _try_busy_again(self) -> None:
        """Read those anew at the next look that another file was in the way of."""
        busy = f"{Refusal.BUSY.label}: "
        self._problems = {name: one for name, one in self._problems.items() if not one.text.startswith(busy)}

    def _is_new(self, name: str, stamp: Stamp, first: bool) -> bool:
        if (problem := self._problems.get(name)) is not None and problem.stamp == stamp:
            return problem.retry_at is not None and asyncio.get_running_loop().time() >= problem.retry_at
        if (kept := self._kept.get(name)) is None or kept.stamp != stamp:
            return True
        return first and not self._services.artifacts.has_payload(kept.workload.digest)

    async def _finish_tasks(self) -> None:
        """Wait a moment for files that are being taken; a source that is slow holds up no other file."""
        if not self._taking:
            return
        tasks = {task: name for name, (_, task) in self._taking.items()}
        done, _ = await asyncio.wait(tasks, timeout=LOOK_SECONDS)
        for task in done:
            del self._taking[tasks[task]]

    async def _drop_task(self, name: str) -> None:
        _, task = self._taking.pop(name)
        task.cancel()
        await asyncio.wait([task])

    async def _take(self, name: str, stamp: Stamp) -> None:
        file = self._folder / name
        try:
            await self._read(name, stamp, file)
        except SourceError as error:
            self._later(name, stamp, f"{file}: {error}")
        except OSError as error:
            self._later(name, stamp, f"{file}: {error.strerror or error}")
        except RefusedError as error:
            self._bad(name, stamp, f"{error.name.label}: {file}: {error.detail}")
        except MalformedError as error:
            text = str(error)
            self._bad(name, stamp, f"malformed: {text if text.startswith(str(file)) else f'{file}: {text}'}")
        except Exception as error:
            log.exception("%s cannot be taken", file)
            self._later(name, stamp, f"{Refusal.INTERNAL.label}: {file}: {error or type(error).__name__}")

    async def _read(self, name: str, stamp: Stamp, file: Path) -> None:
        if file.suffix in WORKLOAD_SUFFIXES:
            await self._read_workload_file(name, stamp, file)
        else:
            await self._read_bundle(name, stamp, await asyncio.to_thread(read_source, file))

    async def _read_workload_file(self, name: str, stamp: Stamp, file: Path) -> None:
        if self._signing_key is None:
            raise RefusedError(
                Refusal.UNSIGNED,
                "a workload file carries no signature: make a bundle of it with petiole bundle make, "
                "or give the agent a key to sign it with (agent.signing-key)",
            )
        work = self._work / secrets.token_hex(8)
        async with signed(file, self._signing_key, self._next_sequence(name), work) as source:
            await self._read_bundle(name, stamp, source)

    def _next_sequence(self, name: str) -> int:
        """A number above that of the release before, and above those that the tools would give now."""
        kept = self._kept.get(name)
        before = Envelope.parse(kept.workload.envelope).manifest.sequence if kept is not None else 0
        return max(before + 1, int(time.time()))

    async def _read_bundle(self, name: str, stamp: Stamp, source: Source) -> None:
        kept = self._kept.get(name)
        pinned = kept is not None and source.digest is not None and kept.pinned == source.digest
        if kept is not None and pinned and self._services.artifacts.has_payload(kept.workload.digest):
            self._keep(Kept(name, stamp, kept.workload, source.digest))
            return
        code = self._work / f"{secrets.token_hex(8)}{CODE_SUFFIX}"
        async with self._children, taken(source, code, self._services) as one, self._storing:
            if other := self._other(name, one.release.name):
                raise RefusedError(Refusal.BUSY, f"{other} stands for workload {one.release.name} already")
            before = self._digests.get(name, set())
            self._digests[name] = before | kept_digests(one.workload)
            try:
                await store(one, self._services)
            except BaseException:
                self._digests[name] = before
                raise
            self._keep(Kept(name, stamp, one.workload, source.digest))

    def _keep(self, kept: Kept) -> None:
        self._changed = self._changed or self._kept.get(kept.file) != kept
        self._problems.pop(kept.file, None)
        self._kept[kept.file] = kept
        self._digests[kept.file] = kept_digests(kept.workload)
        self._try_busy_again()

    def _other(self, name: str, workload: str) -> str | None:
        """The file besides `name` that stands for a workload."""
        return next(
            (one.file for one in self._kept.values() if one.workload.name == workload and one.file != name), None
        )

    def _later(self, name: str, stamp: Stamp, text: str) -> None:
        before = self._problems.get(name)
        tries = before.tries if before is not None and before.stamp == stamp else 0
        pause = RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]
        self._problems[name] = _Problem(stamp, text, asyncio.get_running_loop().time() + pause, tries + 1)
        if before is None or before.text != text:
            log.warning("%s; trying again", text)
            self._journal.event(EventKind.LOG, level="warn", context="manifests", message=text)

    def _bad(self, name: str, stamp: Stamp, text: str) -> None:
        self._problems[name] = _Problem(stamp, text)
        kept = self._kept.get(name)
        runs_on = f"; {kept.workload.name} runs on as it was" if kept is not None else ""
        log.error("%s%s", text, runs_on)
        self._journal.event(
            EventKind.REFUSED, kept.workload.name if kept else None, level="error", reason=f"{text}{runs_on}"
        )

    def _tell(self, about: str, text: str) -> None:
        if text != self._told.get(about):
            self._told[about] = text
            log.error("%s", text)
            self._journal.event(EventKind.LOG, level="error", context="manifests", message=text)

    def _tell_conflicts(self, fleet_names: set[str]) -> None:
        conflicts = {name for name, kept in self._kept.items() if kept.workload.name in fleet_names}
        for name in sorted(conflicts - self._conflicts):
            workload = self._kept[name].workload.name
            text = f"{self._folder / name} waits: the fleet desires the workload {workload} itself"
            log.error("%s", text)
            self._journal.event(EventKind.LOG, workload, level="error", context="manifests", message=text)
        self._conflicts = conflicts


def _clear(work: Path) -> None:
    """Remove what was being unpacked when the power was cut."""
    for file in work.iterdir():
        if file.suffix in (CODE_SUFFIX, BUNDLE_SUFFIX):
            file.unlink()


def _stamps(folder: Path) -> dict[str, Stamp]:
    """The files of a folder that matter, and what changes with each."""
    wanted = (BUNDLE_SUFFIX, REFERENCE_SUFFIX, *WORKLOAD_SUFFIXES)
    found: dict[str, Stamp] = {}
    for file in folder.iterdir():
        if file.suffix in wanted and file.name.isprintable() and not file.name.startswith("."):
            try:
                status = file.stat()
            except FileNotFoundError:
                continue
            found[file.name] = (max(status.st_mtime_ns, 0), status.st_size, status.st_ino)
    return found
