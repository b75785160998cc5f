"""Brings a board's workloads to what is desired: one pass, ended by a refusal of the board or by its silence.

Code that the board has already is not sent. Where the fleet offers a patch against the code that runs, the patch is
sent, and the code itself only when the board cannot use it.

What the board says is the truth: every pass begins with its own list and goes on at the offset that it wants next.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_host.boards.client import SmpClient
from edge_host.boards.records import number, text
from edge_host.download import Downloads
from edge_host.errors import BoardRefusedError, BoardSilentError, DownloadError
from wire.errors import RefusedError
from wire.messages import DesiredWorkload, ReportedWorkload, State
from wire.refusals import Refusal
from wire.smp import Petiole

log = logging.getLogger(__name__)

CHUNK_BYTES = 1_792
"""Data of one request: with header, CBOR and framing it fits a board's buffer of 2,048 bytes."""

SLOW_SECONDS = 20.0
"""For requests during which a board may erase a slot, or hash and load a component."""

NO_PATCH = {
    refusal.label
    for refusal in (
        *(Refusal.WRONG_STATE, Refusal.DIGEST_MISMATCH, Refusal.UNSUPPORTED, Refusal.MALFORMED),
        *(Refusal.OVER_LIMIT, Refusal.INTERNAL),
    )
}
"""Refusals after which the code is sent in place of the patch."""

SETTLED = (State.PROBATION, State.CONFIRMED, State.ROLLED_BACK, State.FAILED)


Progress = Callable[[DesiredWorkload, State, int], None]
"""Called when a release has reached a state; the number is how many bytes the board has."""


def needs_install(wanted: DesiredWorkload, entry: ReportedWorkload | None) -> bool:
    """Whether the board still has something to do for a desired release."""
    return entry is None or entry.release != wanted.release or entry.state not in SETTLED


@dataclass(frozen=True)
class Installation:
    """One release on its way onto a board."""

    client: SmpClient
    device: str
    wanted: DesiredWorkload
    downloads: Downloads
    progress: Progress

    async def run(self) -> None:
        """Bring the release onto the board and start its probation.

        Raises `BoardRefusedError`, `BoardSilentError`, `DownloadError`; `RefusedError` when the fleet serves wrong
        bytes.
        """
        wanted = self.wanted
        self.progress(wanted, State.OFFERED, 0)
        state, offset = await self._send_envelope()
        if state in SETTLED:
            return
        if offset < wanted.size:
            patched, offset = await self._patch(offset)
            if not patched:
                self._loading(offset)
                payload = await self.downloads.fetch(self.device, wanted.digest, wanted.size, lambda _: None)
                await self._send(Petiole.PAYLOAD, payload, offset, wanted.size)
        self.progress(wanted, State.STAGED, wanted.size)
        await self.client.write(Petiole.ACTIVATE, {"name": wanted.name}, seconds=SLOW_SECONDS, tries=1)

    async def _send_envelope(self) -> tuple[str, int]:
        """Send the envelope; gives the state that the board has then, and where it wants the code from."""
        envelope, offset = self.wanted.envelope, 0
        while True:
            body: dict[str, Any] = {"off": offset, "data": envelope[offset : offset + CHUNK_BYTES]}
            if offset == 0:
                body["len"] = len(envelope)
            answer = await self.client.write(Petiole.ENVELOPE, body, seconds=SLOW_SECONDS)
            if "next" in answer:
                return text(answer, "state"), number(answer, "next")
            wanted_next = number(answer, "off")
            if not 0 <= wanted_next < len(envelope) or wanted_next == offset:
                raise BoardSilentError(f"the board wants byte {wanted_next} of an envelope of {len(envelope)}")
            offset = wanted_next

    async def _patch(self, offset: int) -> tuple[bool, int]:
        """Whether the board has made the code out of a patch and the code that it runs, else where to go on with it.

        A board that could not use a patch has to get the envelope again.
        """
        for offer in self.wanted.deltas or ():
            if offer.size >= self.wanted.size - offset:
                continue
            try:
                patch = await self.downloads.fetch(self.device, offer.digest, offer.size, lambda _: None)
                self._loading(0)
                await self._send(Petiole.DELTA, patch, 0, offer.size)
            except (DownloadError, RefusedError) as error:
                log.warning("%s: a patch for %s is left out: %s", self.device, self.wanted.name, error)
            except BoardRefusedError as error:
                if error.name not in NO_PATCH:
                    raise
                log.info("%s: takes no patch from %s: %s", self.device, offer.base.hex()[:12], error)
                _, offset = await self._send_envelope()
            else:
                return True, self.wanted.size
        return False, offset

    async def _send(self, command: Petiole, content: Path, offset: int, size: int) -> None:
        """Send the rest of a file in blocks, always going on where the board wants it."""
        stuck = 0
        with content.open("rb") as file:
            while True:
                file.seek(offset)
                body: dict[str, Any] = {"off": offset, "data": file.read(CHUNK_BYTES)}
                if command == Petiole.DELTA and offset == 0:
                    body["len"] = size
                answer = await self.client.write(command, body, seconds=SLOW_SECONDS)
                if text(answer, "state"):
                    return
                wanted_next = number(answer, "off")
                stuck = stuck + 1 if wanted_next <= offset else 0
                if wanted_next >= size or stuck > 3:
                    raise BoardSilentError(f"the board wants byte {wanted_next} of {size} after byte {offset}")
                offset = wanted_next
                if command == Petiole.PAYLOAD:
                    self._loading(offset)

    def _loading(self, offset: int) -> None:
        self.progress(self.wanted, State.DOWNLOADING, offset)


async def remove_others(client: SmpClient, names: set[str], entries: Mapping[str, ReportedWorkload]) -> bool:
    """Remove the workloads on the board that are not in `names`; tells whether there were any."""
    others = entries.keys() - names
    for name in sorted(others):
        await client.write(Petiole.REMOVE, {"name": name}, seconds=SLOW_SECONDS, tries=1)
    return bool(others)
