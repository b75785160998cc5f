"""Patches between releases, so that a small change is a small download (formats.md section 9).

Made once, when a release is uploaded, against the code of earlier releases of the same workload and class. Only for
boards: their line is slow and their decoder is there; edge hosts fetch the code.
"""

import hashlib
import io
import logging

import detools
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fleet.models import Device, Patch, Payload, Release, Workload
from wire import delta
from wire.messages import DeltaOffer
from wire.profiles import EDGE_PROFILE, class_id

BASES = 4
"""Patches are made against the code of so many earlier releases."""
OFFERS = 3
"""A device is offered at most so many."""
MAX_CODE = 2 * 1024 * 1024
"""Larger code gets no patches: making one takes memory and time by the size."""
WORTH = 0.8
"""A patch larger than this part of the code is not kept."""
WINDOW_BITS, LOOKAHEAD_BITS = 8, 7

log = logging.getLogger(__name__)


def make(base: bytes, new: bytes) -> bytes:
    """A patch that makes `new` out of `base`, with its header."""
    body = io.BytesIO()
    detools.create_patch(
        io.BytesIO(base),
        io.BytesIO(new),
        body,
        compression="heatshrink",
        patch_type="sequential",
        heatshrink_window_sz2=WINDOW_BITS,
        heatshrink_lookahead_sz2=LOOKAHEAD_BITS,
    )
    header = delta.Header(hashlib.sha256(base).digest(), hashlib.sha256(new).digest(), len(new))
    return header.encode() + body.getvalue()


def add(session: Session, release: Release) -> None:
    """Makes and stores the patches to a good release from the newest others of its workload and class."""
    if release.class_id == str(class_id(EDGE_PROFILE)) or release.payload.size > MAX_CODE:
        return
    new = release.payload.data
    for base in _bases(session, release):
        if session.get(Patch, (base.digest, release.payload.digest)) is not None:
            continue
        patch = make(base.data, new)
        if len(patch) > WORTH * len(new):
            continue
        log.info("%s %s: %d bytes as a patch, %d whole", release.workload, release.version, len(patch), len(new))
        digest = hashlib.sha256(patch).hexdigest()
        if session.get(Payload, digest) is None:
            session.add(Payload(digest=digest, size=len(patch), data=patch))
            session.flush()
        session.add(Patch(base_digest=base.digest, new_digest=release.payload.digest, patch_digest=digest))
        session.flush()


def offers(session: Session, device: Device, release: Release) -> tuple[DeltaOffer, ...] | None:
    """The patches to a release that a device may use, best first; None when there is none.

    What the device says it runs comes first, then the smallest.
    """
    rows = session.execute(
        select(Patch, Payload.size)
        .join(Payload, Payload.digest == Patch.patch_digest)
        .where(Patch.new_digest == release.payload.digest)
    ).all()
    if not rows:
        return None
    runs = select(Release.payload_digest).join(Workload, Workload.release == Release.digest)
    running = session.scalar(runs.where(Workload.device_id == device.id, Workload.name == release.workload))
    rows = sorted(rows, key=lambda row: (row[0].base_digest != running, row[1]))
    return tuple(
        DeltaOffer(bytes.fromhex(patch.base_digest), bytes.fromhex(patch.patch_digest), size)
        for patch, size in rows[:OFFERS]
    )


def sizes(session: Session, digest: str) -> dict[str, int]:
    """For a payload, the bytes of the patch to it by the digest of each payload that it starts from."""
    query = select(Patch.base_digest, Payload.size).join(Payload, Payload.digest == Patch.patch_digest)
    return {row.base_digest: row.size for row in session.execute(query.where(Patch.new_digest == digest))}


def _bases(session: Session, release: Release) -> list[Payload]:
    newest = func.max(Release.id)
    digests = session.scalars(
        select(Release.payload_digest)
        .where(
            Release.workload == release.workload,
            Release.class_id == release.class_id,
            Release.refusal.is_(None),
            Release.payload_digest != release.payload.digest,
        )
        .group_by(Release.payload_digest)
        .order_by(newest.desc())
        .limit(BASES)
    )
    payloads = [session.get(Payload, digest) for digest in digests]
    return [payload for payload in payloads if payload is not None and payload.size <= MAX_CODE]
