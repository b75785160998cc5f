"""Who belongs to the fleet: sites, enrolment tokens, devices, trust anchors."""

from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from fleet.models.base import Base, Hex, Name, Number64, RowId


class Site(Base):
    """One edge host and the boards attached to it; has its own account on the broker."""

    __tablename__ = "sites"

    id: Mapped[RowId]
    name: Mapped[Name] = mapped_column(unique=True)
    created: Mapped[Number64]


class Token(Base):
    """Leave to enrol one device at one site, once and until `expires`. Only the digest of the token is kept."""

    __tablename__ = "tokens"

    id: Mapped[RowId]
    digest: Mapped[Hex] = mapped_column(unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"))
    expires: Mapped[Number64]
    used: Mapped[Number64 | None]


class Device(Base):
    """One enrolled unit with its own identity, what it said of itself last, the revision and anchors it shall reach."""

    __tablename__ = "devices"

    id: Mapped[RowId]
    name: Mapped[Name] = mapped_column(unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    kind: Mapped[str] = mapped_column(String(8))
    public_key: Mapped[str | None] = mapped_column(String(256))
    certificate: Mapped[str | None] = mapped_column(Text)
    facts: Mapped[dict[str, Any]]
    queue: Mapped[dict[str, Any]]
    created: Mapped[Number64]
    last_seen: Mapped[Number64 | None]
    desired_revision: Mapped[Number64] = mapped_column(default=0)
    reported_revision: Mapped[Number64] = mapped_column(default=0)
    rotation: Mapped[bytes | None] = mapped_column(LargeBinary)

    site: Mapped[Site] = relationship(lazy="joined", innerjoin=True)

    __table_args__ = (Index(None, "site_id"),)


class Anchor(Base):
    """A public key whose signatures the fleet and its devices accept."""

    __tablename__ = "anchors"

    id: Mapped[RowId]
    name: Mapped[Name]
    public_key: Mapped[str] = mapped_column(String(66), unique=True)
    created: Mapped[Number64]
