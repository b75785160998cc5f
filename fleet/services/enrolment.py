"""Takes a device into the fleet: a one-time token and a key made on the device become an identity."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fleet.errors import ConflictError, InvalidError
from fleet.identity.authority import Authority
from fleet.models import Anchor, Device
from fleet.services.clock import unix_ms
from fleet.services.plain import jsonable
from fleet.services.registry import redeem_token, valid_name
from fleet.views import DeviceKind, EnrolledView

PUBLIC_KEY_BYTES = 32


def enroll(
    session: Session,
    authority: Authority,
    mqtt_url: str,
    *,
    token: str,
    name: str,
    kind: DeviceKind,
    public_key: str | None,
    csr: str | None,
    facts: dict[str, Any],
) -> EnrolledView:
    """Enrols a device, or gives the same device (by its key) a new certificate.

    ForbiddenError when the token does not hold, ConflictError when another device has the name, InvalidError when the
    key or the signing request does not fit the kind of device. The token is only used up when all went well.
    """
    valid_name("device", name)
    site = redeem_token(session, token)
    issued = None if csr is None else authority.issue(csr, name)
    key = _device_key(kind, public_key, None if issued is None else issued.public_key)
    device = session.scalar(select(Device).where(Device.name == name))
    if device is None:
        device = Device(name=name, site_id=site.id, kind=kind, facts={}, queue={}, created=unix_ms())
        session.add(device)
    elif device.public_key != key or device.site_id != site.id or device.kind != kind:
        raise ConflictError(
            "exists",
            f"there is another device {name!r}; choose another name, or remove it: `petiole device remove {name}`",
        )
    device.public_key = key
    device.rotation = None  # the keys that it gets now are those of the fleet
    if issued is not None:
        device.certificate = issued.pem
    if facts:
        device.facts = jsonable(facts)
    return EnrolledView(
        device=name,
        site=site.name,
        certificate=None if issued is None else issued.pem,
        ca=authority.pem,
        anchors=list(session.scalars(select(Anchor.public_key).order_by(Anchor.id))),
        mqtt={"url": mqtt_url} if kind == "edge" else None,
    )


def _device_key(kind: DeviceKind, public_key: str | None, in_request: bytes | None) -> str:
    if in_request is not None:
        if public_key is not None and public_key.lower() != in_request.hex():
            raise InvalidError("malformed", "public_key is not the key of the certificate signing request")
        return in_request.hex()
    if kind == "edge":
        raise InvalidError("malformed", "an edge host enrols with a certificate signing request (csr)")
    try:
        raw = bytes.fromhex(public_key or "")
    except ValueError:
        raw = b""
    if len(raw) != PUBLIC_KEY_BYTES:
        raise InvalidError("malformed", "a board enrols with the Ed25519 public key that it made: 64 hex digits")
    return raw.hex()
