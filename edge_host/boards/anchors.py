"""Passes a rotation of trust anchors on to a board, once, and tells what came of it (formats, section 2)."""

from __future__ import annotations

import logging

from edge_host.boards.client import SmpClient
from edge_host.boards.view import BoardView
from edge_host.errors import BoardRefusedError
from edge_host.journal import Journal
from wire import rotation
from wire.errors import WireError
from wire.messages import EventKind
from wire.smp import Petiole

log = logging.getLogger(__name__)


async def pass_on(client: SmpClient, view: BoardView, journal: Journal) -> bool:
    """Send the desired rotation unless the board has its anchors or refused it; tells whether the board took it.

    Raises `BoardSilentError`.
    """
    message = view.desired.anchors
    if message is None or message == view.refused_rotation:
        return False
    try:
        wanted = rotation.read(message)
        if view.facts.get("anchors") == list(wanted.kids):
            return False
        await client.write(Petiole.ANCHORS, {"msg": message})
    except (BoardRefusedError, WireError) as error:
        log.error("%s: rotation of trust anchors: %s", journal.device, error)
        view.refused_rotation = message
        journal.event(EventKind.REFUSED, level="error", context="anchors", reason=str(error))
        return False
    kids = ", ".join(kid.hex() for kid in wanted.kids)
    journal.event(EventKind.LINK, level="info", context="anchors", message=f"trusts {kids} from now on")
    return True
