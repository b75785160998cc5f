"""Trust anchors and releases: what may be deployed, and the code that devices fetch in blocks."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fleet.errors import ConflictError, InvalidError, NotFoundError
from fleet.models import Anchor, Payload, Release
from fleet.services import patches
from fleet.services.clock import unix_ms
from fleet.services.registry import valid_name
from fleet.views import AnchorView, ReleaseView
from wire import cose
from wire.errors import MalformedError, RefusedError
from wire.suit import Envelope, Manifest, join


@dataclass(frozen=True)
class Block:
    """Bytes of a payload of `size` bytes."""

    size: int
    data: bytes


def add_anchor(session: Session, name: str, public_key: str) -> AnchorView:
    """Accepts the signatures of a public key (hex). Adding it again changes nothing but its name."""
    valid_name("anchor", name)
    try:
        raw = bytes.fromhex(public_key)
    except ValueError:
        raw = b""
    if not cose.is_anchor(raw):
        raise InvalidError(
            "malformed",
            f"{public_key!r} is not a public key: 64 hex digits of Ed25519, or 66 of a compressed point on P-256",
        )
    anchor = session.scalar(select(Anchor).where(Anchor.public_key == raw.hex()))
    if anchor is None:
        anchor = Anchor(name=name, public_key=raw.hex(), created=unix_ms())
        session.add(anchor)
    anchor.name = name
    return _anchor_view(anchor)


def anchors(session: Session) -> list[AnchorView]:
    """All accepted keys, oldest first."""
    return [_anchor_view(anchor) for anchor in session.scalars(select(Anchor).order_by(Anchor.id))]


def remove_anchor(session: Session, kid: str) -> None:
    """Accepts the signatures of a key no longer; devices that have it keep it until a rotation."""
    for anchor in session.scalars(select(Anchor)):
        if _kid(anchor) == kid.lower():
            session.delete(anchor)
            return
    raise NotFoundError("no-such-anchor", f"there is no trusted key {kid!r}; `GET /anchors` lists them")


def add(session: Session, bundle: bytes, *, force: bool = False) -> ReleaseView:
    """Stores a bundle. Its signature and its code are checked first; `force` stores it with its flaw noted instead.

    A bundle that is there already is found again. InvalidError carries the name of the refusal.
    """
    envelope, manifest = _parse(bundle)
    refusal = _judge(session, envelope)
    if refusal is not None and not force:
        raise InvalidError(refusal.name.label, f"the bundle is refused: {refusal.detail or refusal.name.label}")
    reason = None if refusal is None else str(refusal)
    release = session.scalar(select(Release).where(Release.digest == manifest.digest.hex()))
    if release is None:
        release = Release(digest=manifest.digest.hex(), created=unix_ms())
        _fill(session, release, envelope, manifest, reason)
        session.add(release)
    elif release.refusal is not None:
        _fill(session, release, envelope, manifest, reason)
    elif reason is not None:
        raise ConflictError("exists", f"the good release {release.digest} is there already; it stays as it is")
    session.flush()
    return _view(session, release)


def find(session: Session, digest: str) -> Release:
    """The release of this manifest digest, or NotFoundError."""
    release = session.scalar(select(Release).where(Release.digest == digest))
    if release is None:
        raise NotFoundError("no-such-release", f"there is no release {digest!r}; upload its bundle first")
    return release


def view(session: Session, digest: str) -> ReleaseView:
    """One release, or NotFoundError."""
    return _view(session, find(session, digest))


def listing(session: Session) -> list[ReleaseView]:
    """All releases, newest first."""
    return [_view(session, release) for release in session.scalars(select(Release).order_by(Release.id.desc()))]


def block(session: Session, digest: str, offset: int, length: int) -> Block:
    """Bytes of a payload from `offset` on, at most `length`; NotFoundError when there is no such payload."""
    query = select(Payload.size, func.substr(Payload.data, offset + 1, length)).where(Payload.digest == digest)
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFoundError("no-such-payload", f"there is no code with the digest {digest}")
    return Block(row[0], bytes(row[1]))


def _parse(bundle: bytes) -> tuple[Envelope, Manifest]:
    try:
        envelope = Envelope.parse(bundle)
        manifest = envelope.manifest
    except RefusedError as error:
        raise InvalidError(error.name.label, f"the bundle is refused: {error.detail}") from error
    except MalformedError as error:
        raise InvalidError("malformed", f"the bundle cannot be read: {error}") from error
    if not envelope.payloads:
        raise InvalidError("malformed", "the bundle carries no code; upload it as `petiole bundle make` wrote it")
    return envelope, manifest


def _judge(session: Session, envelope: Envelope) -> RefusedError | None:
    keys = [bytes.fromhex(key) for key in session.scalars(select(Anchor.public_key))]
    try:
        manifest = envelope.verify({cose.kid(key): key for key in keys})
        for code in manifest.codes:
            code.check(envelope.payloads.get(code.uri, b""))
    except RefusedError as error:
        return error
    except MalformedError as error:
        raise InvalidError("malformed", f"the bundle cannot be read: {error}") from error
    return None


def _fill(session: Session, release: Release, envelope: Envelope, manifest: Manifest, refusal: str | None) -> None:
    carried = [envelope.payloads[code.uri] for code in manifest.codes if code.uri in envelope.payloads]
    payload = _store(session, join(carried or envelope.payloads.values()))
    release.workload = manifest.name
    release.version = manifest.version
    release.sequence = manifest.sequence
    release.class_id = str(manifest.class_id)
    release.refusal = refusal
    release.envelope = envelope.sever()
    release.payload = payload


def _store(session: Session, data: bytes) -> Payload:
    digest = hashlib.sha256(data).hexdigest()
    payload = session.get(Payload, digest)
    if payload is None:
        payload = Payload(digest=digest, size=len(data), data=data)
        session.add(payload)
    return payload


def _anchor_view(anchor: Anchor) -> AnchorView:
    return AnchorView(name=anchor.name, kid=_kid(anchor), public_key=anchor.public_key, created=anchor.created)


def _kid(anchor: Anchor) -> str:
    return cose.kid(bytes.fromhex(anchor.public_key)).hex()


def _view(session: Session, release: Release) -> ReleaseView:
    return ReleaseView(
        release=release.digest,
        workload=release.workload,
        version=release.version,
        sequence=release.sequence,
        class_id=release.class_id,
        digest=release.payload.digest,
        size=release.payload.size,
        patches=patches.sizes(session, release.payload.digest),
        created=release.created,
        refusal=release.refusal,
    )
