"""Brings a board's workloads to what is desired: one pass, ended by a refusal of the board or by its silence.

What the board says is the truth: every pass begins with its own list and goes on at the offset that it wants next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edge_host.boards.client import SmpClient
from edge_host.boards.records import number, text
from edge_host.download import Downloads
from edge_host.errors import BoardSilentError
from wire.messages import DesiredWorkload, ReportedWorkload, State
from wire.smp import Petiole

CHUNK_BYTES = 1_792
"""Data of one request: with header, CBOR and framing it fits a board's buffer of 2,048 bytes."""

SLOW_SECONDS = 20.0
"""For requests during which a board may erase a slot, or hash and load a component."""

SETTLED = (State.PROBATION, State.CONFIRMED, State.ROLLED_BACK, State.FAILED)


Progress = Callable[[DesiredWorkload, State, int], None]
"""Called when a release has reached a state; the number is how many bytes the board has."""


def needs_install(wanted: DesiredWorkload, entry: ReportedWorkload | None) -> bool:
    """Whether the board still has something to do for a desired release."""
    return entry is None or entry.release != wanted.release or entry.state not in SETTLED


async def install(
    client: SmpClient, device: str, wanted: DesiredWorkload, downloads: Downloads, progress: Progress
) -> None:
    """Bring one release onto the board and start its probation.

    Raises `BoardRefusedError`, `BoardSilentError`, `DownloadError`; `RefusedError` when the fleet serves wrong bytes.
    """
    progress(wanted, State.OFFERED, 0)
    answer = await _send_envelope(client, wanted.envelope)
    state, offset = text(answer, "state"), number(answer, "next")
    if state in SETTLED:
        return
    if offset < wanted.size:
        progress(wanted, State.DOWNLOADING, offset)
        payload = await downloads.fetch(device, wanted.digest, wanted.size, lambda _: None)
        await _send_payload(client, payload, offset, wanted, progress)
    progress(wanted, State.STAGED, wanted.size)
    await client.write(Petiole.ACTIVATE, {"name": wanted.name}, seconds=SLOW_SECONDS, tries=1)


async def _send_envelope(client: SmpClient, envelope: bytes) -> Mapping[str, Any]:
    offset = 0
    while True:
        body: dict[str, Any] = {"off": offset, "data": envelope[offset : offset + CHUNK_BYTES]}
        if offset == 0:
            body["len"] = len(envelope)
        answer = await client.write(Petiole.ENVELOPE, body, seconds=SLOW_SECONDS)
        if "next" in answer:
            return answer
        wanted_next = number(answer, "off")
        if not 0 <= wanted_next < len(envelope) or wanted_next == offset:
            raise BoardSilentError(f"the board wants byte {wanted_next} of an envelope of {len(envelope)}")
        offset = wanted_next


async def _send_payload(
    client: SmpClient, payload: Path, offset: int, wanted: DesiredWorkload, progress: Progress
) -> None:
    stuck = 0
    with payload.open("rb") as file:
        while True:
            file.seek(offset)
            answer = await client.write(
                Petiole.PAYLOAD, {"off": offset, "data": file.read(CHUNK_BYTES)}, seconds=SLOW_SECONDS
            )
            if text(answer, "state"):
                return
            wanted_next = number(answer, "off")
            stuck = stuck + 1 if wanted_next <= offset else 0
            if wanted_next >= wanted.size or stuck > 3:
                raise BoardSilentError(f"the board wants byte {wanted_next} of {wanted.size} after byte {offset}")
            offset = wanted_next
            progress(wanted, State.DOWNLOADING, offset)


async def remove_others(client: SmpClient, names: set[str], entries: Mapping[str, ReportedWorkload]) -> bool:
    """Remove the workloads on the board that are not in `names`; tells whether there were any."""
    others = entries.keys() - names
    for name in sorted(others):
        await client.write(Petiole.REMOVE, {"name": name}, seconds=SLOW_SECONDS, tries=1)
    return bool(others)
