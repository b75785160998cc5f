"""Who may speak on the broker, as the registry says."""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from fleet.models import Device, Site


@dataclass(frozen=True)
class SiteMembers:
    """A site with its edge hosts, which connect to a broker, and all of its devices."""

    name: str
    edges: tuple[str, ...]
    devices: tuple[str, ...]


def members(session: Session) -> list[SiteMembers]:
    """All sites and who belongs to them, by name."""
    devices: dict[str, list[Device]] = defaultdict(list)
    for device in session.scalars(select(Device).order_by(Device.name)):
        devices[device.site.name].append(device)
    return [
        SiteMembers(
            name=name,
            edges=tuple(device.name for device in devices[name] if device.kind == "edge"),
            devices=tuple(device.name for device in devices[name]),
        )
        for name in session.scalars(select(Site.name).order_by(Site.name))
    ]
