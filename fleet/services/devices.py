"""Devices as the fleet knows them: who they are, whether they are there, what they run."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from fleet.errors import NotFoundError
from fleet.models import Desired, Device, Transition, Workload
from fleet.services import rotations
from fleet.services.clock import unix_ms
from fleet.views import DesiredView, DeviceView, RevisionView, Status, TransitionView, WorkloadView
from wire.profiles import EDGE_PROFILE, class_id

OFFLINE_AFTER_MS = 45_000
"""Devices report every 15 s (formats.md section 7); three reports missed is offline."""


def find(session: Session, name: str) -> Device:
    """The device of this name, or NotFoundError."""
    device = session.scalar(select(Device).where(Device.name == name))
    if device is None:
        raise NotFoundError("no-such-device", f"there is no device {name!r}; `petiole device list` shows all")
    return device


def listing(session: Session, names: Iterable[str] | None = None) -> list[DeviceView]:
    """The devices of these names, or all, by name."""
    query = select(Device).order_by(Device.name)
    if names is not None:
        query = query.where(Device.name.in_(list(names)))
    devices = session.scalars(query).all()
    return _views(session, devices)


def view(session: Session, name: str) -> DeviceView:
    """One device, or NotFoundError."""
    return _views(session, [find(session, name)])[0]


def remove(session: Session, name: str) -> None:
    """Takes a device out of the fleet, with everything it reported."""
    session.delete(find(session, name))


def workloads(session: Session, name: str) -> list[WorkloadView]:
    """What a device reported last of its workloads."""
    device = find(session, name)
    query = select(Workload).where(Workload.device_id == device.id).order_by(Workload.name)
    return [_workload_view(row) for row in session.scalars(query)]


def history(session: Session, name: str, workload: str | None = None, limit: int = 200) -> list[TransitionView]:
    """The newest changes of state on a device, oldest first."""
    device = find(session, name)
    query = select(Transition).where(Transition.device_id == device.id)
    if workload is not None:
        query = query.where(Transition.workload == workload)
    rows = session.scalars(query.order_by(Transition.time.desc(), Transition.id.desc()).limit(limit)).all()
    return [
        TransitionView(
            id=row.id, time=row.time, workload=row.workload, version=row.version, state=row.state, reason=row.reason
        )
        for row in reversed(rows)
    ]


def device_class(device: Device) -> str | None:
    """The class of bundles that a device takes (formats.md section 3), None while it is not known."""
    reported = device.facts.get("class")
    if isinstance(reported, str):
        try:
            return str(uuid.UUID(reported))
        except ValueError:
            return None
    profile = device_profile(device)
    return str(class_id(profile)) if profile else None


def device_profile(device: Device) -> str | None:
    """The profile that a device reported; an edge host has a known one before its first report."""
    reported = device.facts.get("profile")
    if isinstance(reported, str):
        return reported
    return EDGE_PROFILE if device.kind == "edge" else None


def status(last_seen: int | None, now: int) -> Status:
    """Whether a device last heard of at `last_seen` is there."""
    if last_seen is None:
        return "pending"
    return "online" if now - last_seen < OFFLINE_AFTER_MS else "offline"


def _views(session: Session, devices: Sequence[Device]) -> list[DeviceView]:
    ids = [device.id for device in devices]
    now = unix_ms()
    running: dict[int, list[WorkloadView]] = defaultdict(list)
    for workload in session.scalars(select(Workload).where(Workload.device_id.in_(ids)).order_by(Workload.name)):
        running[workload.device_id].append(_workload_view(workload))
    wanted: dict[int, list[DesiredView]] = defaultdict(list)
    for desired in session.scalars(select(Desired).where(Desired.device_id.in_(ids)).order_by(Desired.name)):
        release = desired.release
        wanted[desired.device_id].append(
            DesiredView(name=desired.name, release=release.digest, version=release.version)
        )
    return [_view(device, running[device.id], wanted[device.id], now) for device in devices]


def _view(device: Device, running: list[WorkloadView], wanted: list[DesiredView], now: int) -> DeviceView:
    kind: Any = device.kind
    return DeviceView(
        device=device.name,
        site=device.site.name,
        kind=kind,
        status=status(device.last_seen, now),
        last_seen=device.last_seen,
        facts=device.facts,
        class_id=device_class(device),
        profile=device_profile(device),
        workloads=running,
        desired=wanted,
        revision=RevisionView(desired=device.desired_revision, reported=device.reported_revision),
        queue=device.queue,
        public_key=device.public_key,
        anchors=rotations.reported(device),
        rotation=rotations.view(device),
    )


def _workload_view(row: Workload) -> WorkloadView:
    return WorkloadView(
        name=row.name,
        version=row.version,
        sequence=row.sequence,
        release=row.release,
        state=row.state,
        reason=row.reason,
        offset=row.offset,
        size=row.size,
        previous=row.previous,
    )
