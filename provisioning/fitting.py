"""Whether a device has what a workload asks for, as far as its last report says: labels and limits.

The device checks the same; this says so before anything is built and signed.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from provisioning.errors import InputError
from wire import interfaces
from wire.descriptor import MESSAGING, Component, Limits
from wire.manifest import Workload
from wire.triggers import InputEdge

_MADE_THERE = (MESSAGING, interfaces.KEY_VALUE.package + "/", interfaces.BLOBSTORE.package + "/")
"""Packages whose grants name what a host makes when it is first used."""


def check(workload: Workload, device: str, facts: Mapping[str, Any]) -> None:
    """Raise InputError when the facts that a device reported rule the workload out; what they do not say is fine."""
    for part in workload.release.components:
        _check_labels(part, device, facts.get("labels"))
        _check_limits(part.name, part.limits, device, facts.get("limits"))


def _check_labels(part: Component, device: str, offered: Any) -> None:
    if not isinstance(offered, Mapping):
        return
    for label in _labels(part):
        if label not in offered:
            raise InputError(
                f"component {part.name} is to use {label!r}, which the device does not have",
                where=device,
                next_step=f"it has {', '.join(sorted(map(str, offered))) or 'no labels'}",
            )


def _labels(part: Component) -> Iterator[str]:
    for name, grant in part.grants.items():
        if interfaces.find(name) is not None and not name.startswith(_MADE_THERE):
            yield from grant.labels or ()
    if part.edge is not None:
        yield from part.edge.bindings
        yield from (mount.label for mount in part.edge.mounts)
    for trigger in part.triggers:
        if isinstance(trigger, InputEdge):
            yield trigger.label


def _check_limits(name: str, limits: Limits, device: str, highest: Any) -> None:
    if not isinstance(highest, Mapping):
        return
    for field, wanted in vars(limits).items():
        most = highest.get(field.replace("_", "-"))
        if isinstance(most, int) and wanted > most:
            raise InputError(
                f"component {name} has the limit {field.replace('_', '-')} {wanted}, the device allows {most}",
                where=device,
                next_step="set it with petiole:limits in hostInterfaces",
            )
