"""What devices deliver durably: measurements, events, and how far each stream of records has arrived."""

from typing import Any

from sqlalchemy import Boolean, Double, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fleet.models.base import Base, Name, Number64, RowId


class Stream(Base):
    """How far the records of one device, stream and epoch have arrived (see `fleet.services.received`)."""

    __tablename__ = "streams"

    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True)
    stream: Mapped[str] = mapped_column(String(16), primary_key=True)
    epoch: Mapped[Number64] = mapped_column(primary_key=True, autoincrement=False)
    contiguous: Mapped[Number64]
    ahead: Mapped[list[Any]]


class Measurement(Base):
    """One value of a telemetry record; `item` counts the values within the record. Exactly one value column is set."""

    __tablename__ = "measurements"

    id: Mapped[RowId]
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"))
    epoch: Mapped[Number64]
    seq: Mapped[Number64]
    item: Mapped[int]
    time: Mapped[Number64]
    workload: Mapped[Name]
    name: Mapped[str] = mapped_column(String(128))
    unit: Mapped[str | None] = mapped_column(String(64))
    number: Mapped[float | None] = mapped_column(Double)
    text: Mapped[str | None] = mapped_column(Text)
    flag: Mapped[bool | None] = mapped_column(Boolean)

    __table_args__ = (
        UniqueConstraint("device_id", "epoch", "seq", "item"),
        Index(None, "device_id", "id"),
        Index(None, "device_id", "workload", "name", "time"),
    )


class EventRecord(Base):
    """One event of a device: a log line, a change of state and the like; `stop` is what a post-mortem says."""

    __tablename__ = "events"

    id: Mapped[RowId]
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"))
    epoch: Mapped[Number64]
    seq: Mapped[Number64]
    time: Mapped[Number64]
    kind: Mapped[str] = mapped_column(String(16))
    workload: Mapped[Name | None]
    version: Mapped[Name | None]
    level: Mapped[str | None] = mapped_column(String(16))
    context: Mapped[str | None] = mapped_column(Text)
    message: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    stop: Mapped[dict[str, Any] | None]

    __table_args__ = (
        UniqueConstraint("device_id", "epoch", "seq"),
        Index(None, "device_id", "id"),
    )
