"""Whether a release on probation does what it is for (formats, sections 5 and 8).

Each component with an interval has its good calls, a run at the start has ended, and a service has run for a tenth of
the probation's seconds. A descriptor may ask for something else instead of good calls: that many good answers to a
probe, one after the other, or that many measurements.
"""

from __future__ import annotations

from collections.abc import Sequence

from wire.descriptor import Component, Descriptor
from wire.probation import ProbationKind
from wire.triggers import AtStart, Every, Service

SERVICE_PART = 10


class Health:
    """Counts good calls, answers and measurements of one start of a release."""

    def __init__(self, descriptor: Descriptor) -> None:
        probation = descriptor.probation
        calls = probation.calls if probation.kind is ProbationKind.CALLS else 0
        self._needed = {
            component.name: needed for component in descriptor.components if (needed := _calls(component, calls))
        }
        self._services = {component.name for component in descriptor.components if _has(component, Service)}
        self._kind = probation.kind
        self._wanted = probation.calls
        self._left = 0 if probation.kind is ProbationKind.CALLS else probation.calls
        self._problem = ""
        self.service_seconds = probation.seconds / SERVICE_PART if self._services else None
        """Seconds after which `services_ran` is to be called; None without a service."""

    @property
    def wants_probes(self) -> bool:
        """Whether good answers to a probe are still missing."""
        return self._left > 0 and self._kind in (ProbationKind.EXPORT, ProbationKind.HTTP)

    @property
    def wants_telemetry(self) -> bool:
        """Whether measurements count."""
        return self._kind is ProbationKind.TELEMETRY

    def good_call(self, component: str) -> None:
        """A call of the component went well."""
        if self._needed.get(component, 0) > 1:
            self._needed[component] -= 1
        else:
            self._needed.pop(component, None)

    def services_ran(self) -> None:
        """The services have run long enough."""
        self._services.clear()

    def measured(self) -> None:
        """A measurement was kept."""
        self._left = max(0, self._left - 1)

    def probed(self, problem: str | None) -> None:
        """A probe was answered: well, or with a problem, after which all good answers have to come again."""
        self._problem = problem or ""
        self._left = self._left - 1 if problem is None else self._wanted

    @property
    def missing(self) -> Sequence[str]:
        """What is missing, for people; nothing when the release is healthy."""
        calls = [f"{count} more good calls of {name}" for name, count in self._needed.items()]
        services = [f"service {name} has not run long enough" for name in sorted(self._services)]
        return [*calls, *services, *self._missing_signs()]

    def _missing_signs(self) -> list[str]:
        if self._left <= 0:
            return []
        if self._kind is ProbationKind.TELEMETRY:
            return [f"{self._left} more measurements"]
        return [
            f"{self._left} more good answers to the health probe" + (f" ({self._problem})" if self._problem else "")
        ]


def _calls(component: Component, calls: int) -> int:
    has_interval = any(isinstance(trigger, Every) and not trigger.policy.suspended for trigger in component.triggers)
    return calls if has_interval and calls else int(_has(component, AtStart))


def _has(component: Component, kind: type) -> bool:
    return any(isinstance(trigger, kind) for trigger in component.triggers)
