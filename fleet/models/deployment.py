"""What shall run where and what does: releases, payloads, desired state, reported state, its history, commands."""

from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from fleet.models.base import Base, Hex, Name, Number64, RowId


class Payload(Base):
    """The code of releases by its digest; several releases may share it."""

    __tablename__ = "payloads"

    digest: Mapped[Hex] = mapped_column(primary_key=True)
    size: Mapped[Number64]
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class Patch(Base):
    """A patch from one payload to another; it is a payload itself, so that it is served like one."""

    __tablename__ = "patches"

    base_digest: Mapped[str] = mapped_column(ForeignKey("payloads.digest"), primary_key=True)
    new_digest: Mapped[str] = mapped_column(ForeignKey("payloads.digest"), primary_key=True, index=True)
    patch_digest: Mapped[str] = mapped_column(ForeignKey("payloads.digest"))


class Release(Base):
    """One bundle: its envelope without the code, and what its manifest says. `digest` is that of the manifest."""

    __tablename__ = "releases"

    id: Mapped[RowId]
    digest: Mapped[Hex] = mapped_column(unique=True)
    workload: Mapped[Name]
    version: Mapped[Name]
    sequence: Mapped[Number64]
    class_id: Mapped[str] = mapped_column(String(36))
    refusal: Mapped[str | None] = mapped_column(Text)
    envelope: Mapped[bytes] = mapped_column(LargeBinary)
    payload_digest: Mapped[str] = mapped_column(ForeignKey("payloads.digest"))
    created: Mapped[Number64]

    payload: Mapped[Payload] = relationship(lazy="joined", innerjoin=True)


class Desired(Base):
    """One workload that a device shall run."""

    __tablename__ = "desired"

    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[Name] = mapped_column(primary_key=True)
    release_id: Mapped[int] = mapped_column(ForeignKey("releases.id"))
    changed: Mapped[Number64]

    release: Mapped[Release] = relationship(lazy="joined", innerjoin=True)


class Workload(Base):
    """What a device reported last of one workload."""

    __tablename__ = "workloads"

    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[Name] = mapped_column(primary_key=True)
    version: Mapped[Name]
    sequence: Mapped[Number64]
    release: Mapped[Hex]
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    offset: Mapped[Number64]
    size: Mapped[Number64]
    previous: Mapped[Name | None]


class Transition(Base):
    """One change of a workload's state on a device, at the device's time; from reports and from state events."""

    __tablename__ = "transitions"

    id: Mapped[RowId]
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"))
    time: Mapped[Number64]
    workload: Mapped[Name]
    version: Mapped[Name]
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)

    __table_args__ = (Index(None, "device_id", "workload", "time"),)


class CommandRecord(Base):
    """A command sent to a device, and its answer if one came."""

    __tablename__ = "commands"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"))
    command: Mapped[Name]
    args: Mapped[dict[str, Any]]
    sent: Mapped[Number64]
    answered: Mapped[Number64 | None]
    ok: Mapped[bool | None]
    error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (UniqueConstraint("device_id", "id"),)
