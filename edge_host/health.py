"""Whether a release on probation does what it is for (formats, sections 5 and 8).

Each component with an interval has its good calls, a run at the start has ended, and a service has run for a tenth of
the probation's seconds.
"""

from __future__ import annotations

from collections.abc import Sequence

from wire.descriptor import Component, Descriptor
from wire.triggers import AtStart, Every, Service

SERVICE_PART = 10


class Health:
    """Counts good calls of one start of a release."""

    def __init__(self, descriptor: Descriptor) -> None:
        self._needed = {
            component.name: needed
            for component in descriptor.components
            if (needed := _calls(component, descriptor.probation.calls))
        }
        self._services = {component.name for component in descriptor.components if _has(component, Service)}
        self.service_seconds = descriptor.probation.seconds / SERVICE_PART if self._services else None
        """Seconds after which `services_ran` is to be called; None without a service."""

    def good_call(self, component: str) -> None:
        """A call of the component went well."""
        if self._needed.get(component, 0) > 1:
            self._needed[component] -= 1
        else:
            self._needed.pop(component, None)

    def services_ran(self) -> None:
        """The services have run long enough."""
        self._services.clear()

    @property
    def missing(self) -> Sequence[str]:
        """What is missing, for people; nothing when the release is healthy."""
        calls = [f"{count} more good calls of {name}" for name, count in self._needed.items()]
        return [*calls, *(f"service {name} has not run long enough" for name in sorted(self._services))]


def _calls(component: Component, calls: int) -> int:
    return calls if _has(component, Every) else int(_has(component, AtStart))


def _has(component: Component, kind: type) -> bool:
    return any(isinstance(trigger, kind) for trigger in component.triggers)
