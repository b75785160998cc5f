"""The public keys whose signatures this host accepts: those of its enrollment, until a rotation replaces them.

A rotation (formats, section 2) is kept with the anchors that it found in the configuration: an enrollment anew, which
writes others there, ends it.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping

from edge_host.journal import Journal
from edge_host.state import StateStore
from wire import cose, rotation
from wire.errors import WireError
from wire.messages import EventKind

log = logging.getLogger(__name__)


class Anchors(Mapping[bytes, bytes]):
    """Public keys by key id. Belongs to the event loop's thread."""

    def __init__(self, enrolled: tuple[bytes, ...], store: StateStore, journal: Journal) -> None:
        self._store = store
        self._journal = journal
        self._enrollment = hashlib.sha256(b"".join(enrolled)).digest()
        self._keys = enrolled
        self._sequence = 0
        self._refused: bytes | None = None
        message = store.rotation(self._enrollment)
        if message is not None:
            self._use(rotation.read(message))

    def __getitem__(self, kid: bytes) -> bytes:
        return cose.anchors(self._keys)[kid]

    def __iter__(self) -> Iterator[bytes]:
        return map(cose.kid, self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def rotate(self, message: bytes | None) -> None:
        """Take the rotation that a `desired` message brings; what cannot be accepted is told once."""
        if message is None or message == self._refused:
            return
        try:
            wanted = rotation.read(message)
            if (wanted.sequence, wanted.anchors) == (self._sequence, self._keys):
                return
            accepted = rotation.verify(message, self._keys, self._sequence)
        except WireError as error:
            self._refused = message
            log.error("rotation of trust anchors: %s", error)
            self._journal.event(EventKind.REFUSED, level="error", context="anchors", reason=str(error))
            return
        self._store.set_rotation(self._enrollment, message)
        self._use(accepted)
        kids = ", ".join(kid.hex() for kid in accepted.kids)
        self._journal.event(EventKind.LINK, level="info", context="anchors", message=f"trusts {kids} from now on")

    def _use(self, wanted: rotation.Rotation) -> None:
        self._keys = wanted.anchors
        self._sequence = wanted.sequence
