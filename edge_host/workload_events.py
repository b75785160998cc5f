"""What a workload tells the fleet of its releases: their states, refusals and stops."""

from __future__ import annotations

import logging
import time

from edge_host.errors import StopError
from edge_host.journal import Journal
from edge_host.outbox import Position
from edge_host.state import Release
from edge_host.stops import frame
from wire.messages import EventKind

log = logging.getLogger(__name__)


def tell_state(journal: Journal, release: Release) -> Position | None:
    """Tell the state that a release has now; gives the place of the event, None when it could not be kept."""
    log.info("%s %s: %s %s", release.name, release.version or "?", release.state, release.reason)
    return journal.event(
        *(EventKind.STATE, release.name, release.version or None),
        state=str(release.state),
        reason=release.reason or None,
    )


def tell_refused(journal: Journal, release: Release, reason: str) -> None:
    """Tell that a release is not taken."""
    journal.event(EventKind.REFUSED, release.name, release.version, level="error", reason=reason)


def tell_unstarted(journal: Journal, release: Release, reason: str) -> None:
    """Tell that a release that was taken does not start."""
    journal.event(EventKind.LOG, release.name, release.version, level="error", message=f"does not start: {reason}")


def tell_stop(journal: Journal, release: Release, stop: StopError) -> None:
    """Tell that a component was stopped, with all that is known of it (formats, section 6)."""
    place, function = frame(stop.backtrace)
    journal.event(
        *(EventKind.STOP, release.name, release.version),
        level="error",
        message=stop.backtrace or stop.message,
        reason=str(stop),
        release=release.release,
        component=stop.component,
        trap=stop.message if stop.kind == "trap" else stop.kind,
        pc=place,
        function=function,
        fuel=stop.fuel,
        memory=stop.memory,
        up=round(time.monotonic() * 1000),
    )
