"""Payloads fetched block by block over MQTT; what has arrived survives a restart (formats, section 7, ``block``)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from edge_host.artifacts import Artifacts
from edge_host.delivery import Publish
from edge_host.errors import DownloadError
from wire import topics
from wire.errors import RefusedError, WireError
from wire.messages import BlockAnswer, BlockRequest
from wire.refusals import Refusal

BLOCK_BYTES = 32 * 1024
ANSWER_SECONDS = 5.0
SYNC_BYTES, SYNC_SECONDS = 16 * BLOCK_BYTES, 10.0
"""So much, or what came in so long, may have to be fetched again after a power cut: a synchronisation costs flash."""

Progress = Callable[[int], None]


class Downloads:
    """Fetches payloads into the artifact store; belongs to the event loop's thread."""

    def __init__(self, artifacts: Artifacts, publish: Publish, connected: asyncio.Event) -> None:
        self._artifacts = artifacts
        self._publish = publish
        self._connected = connected
        self._locks: dict[bytes, asyncio.Lock] = {}
        self._answers: dict[tuple[str, bytes], asyncio.Future[BlockAnswer]] = {}

    def answer(self, device: str, digest: bytes, payload: bytes) -> None:
        """Take a message of a block topic; one that nobody waits for or that is malformed is ignored."""
        waiting = self._answers.get((device, digest))
        if waiting is None or waiting.done():
            return
        try:
            waiting.set_result(BlockAnswer.decode(payload))
        except WireError as error:
            waiting.set_exception(DownloadError(f"the fleet's block is malformed: {error}"))

    def offset(self, digest: bytes) -> int:
        """How many bytes of a payload are here."""
        for file in (self._artifacts.payload(digest), self._artifacts.partial(digest)):
            if file.exists():
                return file.stat().st_size
        return 0

    async def fetch(self, device: str, digest: bytes, size: int, progress: Progress) -> Path:
        """The file with the payload, for which `device` asks the fleet.

        Waits for the connection as long as it takes. Raises `DownloadError` when the fleet cannot serve it now, and
        `RefusedError` (``digest-mismatch``) when what it serves is not the payload.
        """
        async with self._locks.setdefault(digest, asyncio.Lock()):
            resumed = self.offset(digest) > 0
            while not self._artifacts.has_payload(digest):
                await self._complete(device, digest, size, progress)
                if await asyncio.to_thread(self._artifacts.finish, digest):
                    break
                if not resumed:
                    raise RefusedError(Refusal.DIGEST_MISMATCH, "the fleet served other bytes than the manifest says")
                resumed = False  # an earlier run may have left a damaged file: once more from the start
            progress(size)
            return self._artifacts.payload(digest)

    async def _complete(self, device: str, digest: bytes, size: int, progress: Progress) -> None:
        with self._artifacts.partial(digest).open("ab") as file:
            if file.tell() > size:
                file.truncate(0)
            now = asyncio.get_running_loop().time
            waiting, synced_at = 0, now()
            while (offset := file.seek(0, os.SEEK_END)) < size:
                progress(offset)
                data = await self._block(device, digest, offset, size)
                file.write(data)
                file.flush()
                waiting += len(data)
                if waiting >= SYNC_BYTES or now() - synced_at >= SYNC_SECONDS:
                    await asyncio.to_thread(os.fsync, file.fileno())
                    waiting, synced_at = 0, now()

    async def _block(self, device: str, digest: bytes, offset: int, size: int) -> bytes:
        length = min(BLOCK_BYTES, size - offset)
        request = BlockRequest(offset, length).encode()
        key = (device, digest)
        while True:
            await self._connected.wait()
            answer: asyncio.Future[BlockAnswer] = asyncio.get_running_loop().create_future()
            self._answers[key] = answer
            try:
                self._publish(device, topics.block_request(digest), request)
                async with asyncio.timeout(ANSWER_SECONDS):
                    block = await answer
            except TimeoutError:
                continue
            finally:
                del self._answers[key]
            if block.error is not None:
                raise DownloadError(f"the fleet does not serve payload {digest.hex()[:12]}: {block.error}")
            if block.offset != offset:
                continue
            if block.size != size or not block.data or len(block.data) > length:
                raise RefusedError(Refusal.DIGEST_MISMATCH, f"the fleet has {block.size} bytes instead of {size}")
            return block.data
