"""Patches between releases, so that a small change is a small download (formats.md section 9).

Made once, when a release is uploaded, against the code of earlier releases of the same workload and class: the jobs are
read, worked on without a transaction, and what is worth it is stored. Only for boards: their line is slow and they can
use patches; edge hosts fetch the code.
"""

import hashlib
import io
import logging
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Job:
    """A patch that is worth trying."""

    base: bytes
    new: bytes


def jobs(session: Session, digest: str) -> list[Job]:
    """The patches to a good release, by its digest, from the newest others of its workload and class; not yet made."""
    release = session.scalar(select(Release).where(Release.digest == digest, Release.refusal.is_(None)))
    if release is None or release.class_id == str(class_id(EDGE_PROFILE)) or release.payload.size > MAX_CODE:
        return []
    new = release.payload
    known = session.scalars(select(Patch.base_digest).where(Patch.new_digest == new.digest)).all()
    return [Job(base.data, new.data) for base in _bases(session, release) if base.digest not in known]


def add(session: Session, job: Job, patch: bytes) -> None:
    """Stores what `make` made of a job, if it is worth it."""
    if len(patch) > WORTH * len(job.new):
        return
    log.info("a patch of %d bytes for code of %d", len(patch), len(job.new))
    digest = hashlib.sha256(patch).hexdigest()
    if session.get(Payload, digest) is None:
        session.add(Payload(digest=digest, size=len(patch), data=patch))
        session.flush()
    header, _ = delta.split(patch)
    base, new = header.base.hex(), header.new.hex()
    if session.get(Patch, (base, new)) is None:
        session.add(Patch(base_digest=base, new_digest=new, patch_digest=digest))


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
