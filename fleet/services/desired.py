"""The desired state of devices: which release of which workload; every change raises the device's revision."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from fleet.errors import ConflictError, InvalidError, NotFoundError
from fleet.models import Desired, Device
from fleet.services import devices, patches, releases
from fleet.services.clock import unix_ms
from wire import messages


def put(session: Session, device_name: str, workload: str, digest: str, *, force: bool = False) -> int:
    """Wants a release on a device; returns the new revision.

    ConflictError (wrong-class) when the release is made for another class of device; `force` lets it through.
    """
    device = devices.find(session, device_name)
    release = releases.find(session, digest)
    if release.workload != workload:
        raise InvalidError("wrong-workload", f"release {digest} is of workload {release.workload!r}, not {workload!r}")
    expected = devices.device_class(device)
    if release.class_id != expected and not force:
        raise ConflictError(
            "wrong-class",
            f"release {release.workload} {release.version} is made for class {release.class_id}, device {device_name} "
            f"is of class {expected or 'unknown (it has not reported yet)'}; make a bundle for the device's profile",
        )
    row = session.get(Desired, (device.id, workload))
    if row is None:
        row = Desired(device_id=device.id, name=workload)
        session.add(row)
    row.release = release
    row.changed = unix_ms()
    return _raise_revision(device)


def delete(session: Session, device_name: str, workload: str) -> int:
    """Wants a workload no longer on a device; returns the new revision. NotFoundError when it was not wanted."""
    device = devices.find(session, device_name)
    row = session.get(Desired, (device.id, workload))
    if row is None:
        raise NotFoundError("no-such-workload", f"workload {workload!r} is not deployed to device {device_name!r}")
    session.delete(row)
    return _raise_revision(device)


def message(session: Session, device: Device) -> messages.Desired:
    """The desired state of a device as it is sent."""
    rows = session.scalars(select(Desired).where(Desired.device_id == device.id).order_by(Desired.name))
    return messages.Desired(
        revision=device.desired_revision,
        workloads=tuple(
            messages.DesiredWorkload(
                name=row.name,
                release=bytes.fromhex(row.release.digest),
                envelope=row.release.envelope,
                digest=bytes.fromhex(row.release.payload.digest),
                size=row.release.payload.size,
                deltas=patches.offers(session, device, row.release),
            )
            for row in rows
        ),
        anchors=device.rotation,
    )


def _raise_revision(device: Device) -> int:
    device.desired_revision += 1
    return device.desired_revision
