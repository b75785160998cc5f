"""Sets the wall clock of a board: at attach and every hour, with how wrong it may be (formats, section 8, `time`)."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from functools import partial
from typing import Any

from edge_host import kernel_clock
from edge_host.boards.client import SmpClient
from edge_host.errors import BoardRefusedError
from wire.smp import Petiole

log = logging.getLogger(__name__)

AGAIN_SECONDS = 3_600.0
UNKNOWN_MS = 3_600_000
"""Told as the uncertainty while nobody keeps the clock of this machine."""


async def keep_time(client: SmpClient) -> None:
    """Set the board's time until cancelled; a board that refuses is left alone until the next attach."""
    while True:
        try:
            await set_time(client)
        except BoardRefusedError as error:
            log.warning("the board does not take the time: %s", error)
            await asyncio.Event().wait()
        await asyncio.sleep(AGAIN_SECONDS)


async def set_time(client: SmpClient) -> None:
    """Set the time twice: the first answer shows how long the way is, the second is told half of that.

    Raises `BoardError`.
    """
    way = 0.0
    for _ in range(2):
        begun = time.monotonic()
        await client.write(Petiole.TIME, partial(_body, way))
        way = (time.monotonic() - begun) / 2


def _body(way_seconds: float) -> dict[str, Any]:
    accuracy = kernel_clock.accuracy()
    own_ms = UNKNOWN_MS if accuracy is None else math.ceil(accuracy.uncertainty / 1_000_000)
    return {
        "unix": time.time_ns() // 1_000_000 + round(way_seconds * 1000),
        "unc": own_ms + math.ceil(way_seconds * 1000),
    }
