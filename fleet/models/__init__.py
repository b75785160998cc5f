"""The tables of the fleet. SQLite by default; the same schema serves PostgreSQL."""

from fleet.models.base import Base
from fleet.models.deployment import CommandRecord, Desired, Patch, Payload, Release, Transition, Workload
from fleet.models.records import EventRecord, Measurement, Stream
from fleet.models.registry import Anchor, Device, Site, Token

__all__ = [
    "Anchor",
    "Base",
    "CommandRecord",
    "Desired",
    "Device",
    "EventRecord",
    "Measurement",
    "Patch",
    "Payload",
    "Release",
    "Site",
    "Stream",
    "Token",
    "Transition",
    "Workload",
]
