"""Rotations of trust anchors: which keys a device has, which it shall have (formats.md section 2)."""

from fleet.errors import ConflictError, InvalidError
from fleet.models import Device
from fleet.views import RotationView
from wire import rotation
from wire.errors import WireError


def put(device: Device, message: bytes, *, force: bool = False) -> int:
    """Wants other anchors on a device; returns its new revision.

    InvalidError when `message` is no rotation; ConflictError when the device would refuse it as far as the fleet
    knows: signed by no key that it has (unknown-key), or no later than the last one (old-sequence). `force` sends it
    all the same.
    """
    wanted = _read(message)
    if not force:
        _check(device, message, wanted.sequence)
    device.rotation = message
    device.desired_revision += 1
    return device.desired_revision


def view(device: Device) -> RotationView | None:
    """The rotation that is wanted on a device; `done` when the device reports its keys."""
    if device.rotation is None:
        return None
    wanted = _read(device.rotation)
    kids = [kid.hex() for kid in wanted.kids]
    return RotationView(sequence=wanted.sequence, anchors=kids, done=reported(device) == kids)


def reported(device: Device) -> list[str] | None:
    """The key ids of the anchors that a device says it has; None when it does not say."""
    kids = device.facts.get("anchors")
    return [str(kid) for kid in kids] if isinstance(kids, list) else None


def _check(device: Device, message: bytes, sequence: int) -> None:
    has = reported(device)
    signer = rotation.signer(message)
    if has is not None and (signer is None or signer.hex() not in has):
        raise ConflictError(
            "unknown-key",
            f"device {device.name} trusts {', '.join(has) or 'no key'}; sign the rotation with one of these",
        )
    if device.rotation is None or device.rotation == message:
        return
    last = _read(device.rotation).sequence
    if sequence <= last:
        raise ConflictError("old-sequence", f"device {device.name} has had rotation {last}; use a later number")


def _read(message: bytes) -> rotation.Rotation:
    try:
        return rotation.read(message)
    except WireError as error:
        raise InvalidError("malformed", f"this is no rotation of trust anchors: {error}") from error
