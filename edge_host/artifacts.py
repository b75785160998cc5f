"""Payloads and what was compiled from them, kept by digest.

::

    <state>/payloads/<digest>          the code of a release (of all its components, joined), whose SHA-256 this was
    <state>/payloads/<digest>.part     what has arrived of one
    <state>/compiled/<engine>-<digest> native code for this engine, CPU and settings

Native code is loaded unchecked by Wasmtime, therefore only files of our own folder (0700, ours) are, and only under
the digest of a component whose signature was verified. A component is hashed again before it is compiled.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

import wasmtime
from wasmtime.component import Component

from edge_host.engine import fingerprint
from edge_host.errors import CompileError, EdgeHostError

COMPILE_SECONDS = 900.0
"""A component in Python is 18 MB, which takes a small board minutes, once."""
_UNFINISHED = ".new"


@dataclass(frozen=True)
class Stored:
    """One component: its digest, and where it lies in the payload of its release."""

    digest: bytes
    payload: bytes
    offset: int
    size: int


def private_folder(path: Path) -> Path:
    """The folder `path`, made if needed, that nobody else may write to."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.stat()
    if status.st_uid != os.geteuid():
        raise EdgeHostError(f"{path} belongs to user {status.st_uid}; run the agent as that user or remove the folder")
    if stat.S_IMODE(status.st_mode) & 0o077:
        path.chmod(0o700)
    return path


def sync_folder(path: Path) -> None:
    """Make renames in `path` last over a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_digest(path: Path) -> bytes:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


class Artifacts:
    """The payload store and the compiled cache of one state folder."""

    def __init__(self, state: Path) -> None:
        self._payloads = private_folder(state / "payloads")
        self._compiled = private_folder(state / "compiled")
        self._engine = fingerprint()
        self._compiling: dict[bytes, asyncio.Lock] = {}

    def payload(self, digest: bytes) -> Path:
        """Where the complete payload lies, once it is there."""
        return self._payloads / digest.hex()

    def partial(self, digest: bytes) -> Path:
        """Where an unfinished payload grows."""
        return self._payloads / f"{digest.hex()}.part"

    def has_payload(self, digest: bytes) -> bool:
        """Whether the payload is complete."""
        return self.payload(digest).exists()

    def is_intact(self, digest: bytes) -> bool:
        """Whether the stored payload still has its digest."""
        return self.has_payload(digest) and file_digest(self.payload(digest)) == digest

    def finish(self, digest: bytes) -> bool:
        """Turn the partial file into the payload when its digest is right, else throw it away."""
        partial = self.partial(digest)
        if not partial.exists() or file_digest(partial) != digest:
            partial.unlink(missing_ok=True)
            return False
        _settle(partial, self.payload(digest))
        return True

    async def load(self, engine: wasmtime.Engine, component: Stored) -> Component:
        """The component, compiled when needed; raises `CompileError`."""
        compiled = self._compiled / f"{self._engine}-{component.digest.hex()}"
        async with self._compiling.setdefault(component.digest, asyncio.Lock()):
            if not compiled.exists():
                await self._compile(component, compiled)
        try:
            return Component.deserialize_file(engine, str(compiled))
        except wasmtime.WasmtimeError as error:
            compiled.unlink(missing_ok=True)
            raise CompileError(f"compiled file of {component.digest.hex()[:12]} does not load: {error}") from None

    def read(self, component: Stored) -> bytes:
        """The bytes of a component; raises `CompileError` when they are not those of its digest."""
        content = b""
        with contextlib.suppress(OSError), self.payload(component.payload).open("rb") as file:
            file.seek(component.offset)
            content = file.read(component.size)
        if hashlib.sha256(content).digest() != component.digest:
            raise CompileError(
                f"stored component {component.digest.hex()[:12]} is missing or damaged; deploy the release again"
            )
        return content

    async def _compile(self, component: Stored, target: Path) -> None:
        content = await asyncio.to_thread(self.read, component)
        fresh = target.with_suffix(_UNFINISHED)
        fresh.unlink(missing_ok=True)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "edge_host.compile", str(fresh)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, said = await asyncio.wait_for(process.communicate(content), COMPILE_SECONDS)
        except TimeoutError:
            said = f"took longer than {COMPILE_SECONDS:.0f} s".encode()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            fresh.unlink(missing_ok=True)
            raise CompileError(
                said.decode("utf-8", "replace").strip()[-500:] or f"compiler exited with {process.returncode}"
            )
        try:
            await asyncio.to_thread(_settle, fresh, target)
        except OSError as error:
            raise CompileError(f"the compiled file cannot be kept: {error.strerror or error}") from None

    def keep_only(self, digests: set[bytes]) -> None:
        """Remove payloads and compiled files but those of the payloads and components in `digests`."""
        wanted = {digest.hex() for digest in digests}
        for file in self._payloads.iterdir():
            if file.name.removesuffix(".part") not in wanted:
                file.unlink(missing_ok=True)
        for file in self._compiled.iterdir():
            engine, _, digest = file.name.removesuffix(_UNFINISHED).partition("-")
            if engine != self._engine or digest not in wanted:
                file.unlink(missing_ok=True)


def _settle(fresh: Path, target: Path) -> None:
    """Give a file its name once it is on disk."""
    descriptor = os.open(fresh, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    fresh.rename(target)
    sync_folder(target.parent)
