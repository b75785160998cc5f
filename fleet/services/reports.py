"""Takes in what devices say of themselves: their reports, and the changes of state that follow from them."""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from fleet.models import Device, Transition, Workload
from fleet.services.clock import unix_ms
from fleet.services.plain import clip, clip_or_none, jsonable
from wire.errors import MalformedError
from wire.messages import Reported, ReportedWorkload
from wire.names import is_name

SAME_CHANGE_MS = 5_000
"""A report and a state event of the same change carry times of the same clock, this close together."""

MAX_WORKLOADS = 64


def take_report(session: Session, device: Device, report: Reported) -> None:
    """Stores a report as the present state of its device.

    A report whose revision is beyond the desired one means that the fleet's database is older than what the device
    knows: the desired state then moves past it, so that the device takes it.
    """
    if len(report.workloads) > MAX_WORKLOADS or not all(is_name(entry.name) for entry in report.workloads):
        raise MalformedError(f"Reported.workloads: more than {MAX_WORKLOADS}, or one with a wrong name")
    device.last_seen = unix_ms()
    device.reported_revision = report.revision
    if report.revision > device.desired_revision:
        device.desired_revision = report.revision + 1
    device.queue = {
        "telemetry": report.queue.telemetry,
        "event": report.queue.event,
        "oldest": report.queue.oldest,
    }
    facts = jsonable(report.facts)
    if facts:
        device.facts = facts
    _take_workloads(session, device, report)


def _take_workloads(session: Session, device: Device, report: Reported) -> None:
    known = {row.name: row for row in session.scalars(select(Workload).where(Workload.device_id == device.id))}
    for entry in report.workloads:
        row = known.pop(entry.name, None)
        before = None if row is None else (row.version, row.state, row.reason)
        if row is None:
            row = Workload(device_id=device.id, name=entry.name)
            session.add(row)
        _copy(entry, row)
        if before != (row.version, row.state, row.reason):
            note_transition(session, _transition(row, report.time))
    if known:
        session.execute(delete(Workload).where(Workload.device_id == device.id, Workload.name.in_(list(known))))


def _copy(entry: ReportedWorkload, row: Workload) -> None:
    row.version = clip(entry.version, 32)
    row.sequence = entry.sequence
    row.release = entry.release.hex()[:64]
    row.state = clip(entry.state, 16)
    row.reason = clip(entry.reason)
    row.offset = entry.offset
    row.size = entry.size
    row.previous = clip_or_none(entry.previous, 32)


def _transition(row: Workload, time: int) -> Transition:
    return Transition(
        device_id=row.device_id, time=time, workload=row.name, version=row.version, state=row.state, reason=row.reason
    )


def note_transition(session: Session, change: Transition) -> None:
    """Adds one change of state to a device's history, unless the same change is there already from the other source."""
    same = select(Transition.id).where(
        Transition.device_id == change.device_id,
        Transition.workload == change.workload,
        Transition.version == change.version,
        Transition.state == change.state,
        Transition.time.between(change.time - SAME_CHANGE_MS, change.time + SAME_CHANGE_MS),
    )
    if session.scalar(same.limit(1)) is None:
        session.add(change)
