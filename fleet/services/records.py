"""Reads stored records: measurements and events, page by page in the order in which they were stored."""

from collections.abc import Iterable
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from fleet.models import EventRecord, Measurement
from fleet.services import devices
from fleet.views import EventView, MeasurementView, StopView

Row = TypeVar("Row", bound=Any)
Item = TypeVar("Item")


def telemetry(
    session: Session,
    device_name: str,
    *,
    name: str | None = None,
    workload: str | None = None,
    after: int | None = None,
    limit: int,
) -> list[MeasurementView]:
    """Measurements of a device with a row id above `after`; without it, the newest ones. Always oldest id first."""
    device = devices.find(session, device_name)
    filters = [Measurement.device_id == device.id]
    if name is not None:
        filters.append(Measurement.name == name)
    if workload is not None:
        filters.append(Measurement.workload == workload)
    rows = session.scalars(_page(select(Measurement).where(*filters), Measurement.id, after, limit))
    return [_measurement_view(row) for row in _in_order(rows, after)]


def telemetry_since(session: Session, device_name: str, time: int, limit: int) -> list[MeasurementView]:
    """The newest measurements of a device made at `time` (Unix ms) or later, oldest id first; for charts."""
    device = devices.find(session, device_name)
    query = select(Measurement).where(Measurement.device_id == device.id, Measurement.time >= time)
    return [
        _measurement_view(row) for row in _in_order(session.scalars(_page(query, Measurement.id, None, limit)), None)
    ]


def events(
    session: Session,
    device_name: str,
    *,
    kinds: Iterable[str] = (),
    levels: Iterable[str] = (),
    workload: str | None = None,
    after: int | None = None,
    limit: int,
) -> list[EventView]:
    """Events of a device with a row id above `after`; without `after`, the newest ones. Always oldest id first.

    `levels` narrows log lines alone; other events have no level.
    """
    device = devices.find(session, device_name)
    filters: list[ColumnElement[bool]] = [EventRecord.device_id == device.id]
    if kinds := list(kinds):
        filters.append(EventRecord.kind.in_(kinds))
    if levels := list(levels):
        filters.append(EventRecord.level.in_(levels) | EventRecord.level.is_(None))
    if workload is not None:
        filters.append(EventRecord.workload == workload)
    rows = session.scalars(_page(select(EventRecord).where(*filters), EventRecord.id, after, limit))
    return [_event_view(row) for row in _in_order(rows, after)]


def _page(query: Select[Row], row_id: InstrumentedAttribute[int], after: int | None, limit: int) -> Select[Row]:
    if after is None:
        return query.order_by(row_id.desc()).limit(limit)
    return query.where(row_id > after).order_by(row_id).limit(limit)


def _in_order(rows: Iterable[Item], after: int | None) -> list[Item]:
    found = list(rows)
    return found if after is not None else found[::-1]


def _measurement_view(row: Measurement) -> MeasurementView:
    values = (row.number, row.text, row.flag)
    return MeasurementView(
        id=row.id,
        time=row.time,
        epoch=row.epoch,
        seq=row.seq,
        workload=row.workload,
        name=row.name,
        unit=row.unit,
        value=next(value for value in values if value is not None),
    )


def _event_view(row: EventRecord) -> EventView:
    return EventView(
        id=row.id,
        time=row.time,
        epoch=row.epoch,
        seq=row.seq,
        kind=row.kind,
        workload=row.workload,
        version=row.version,
        level=row.level,
        context=row.context,
        message=row.message,
        state=row.state,
        reason=row.reason,
        stop=None if row.stop is None else StopView(**row.stop),
    )
