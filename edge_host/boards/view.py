"""What is known of one board: what it shall run, what it says of itself, and which releases it refused."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from edge_host.journal import Journal
from edge_host.release import claimed
from edge_host.state import BoardFailure, StateStore
from wire.errors import MalformedError
from wire.messages import Desired, DesiredWorkload, EventKind, ReportedWorkload, State

log = logging.getLogger(__name__)


class BoardView:
    """Desired state and failures are stored; the rest comes from the board. Belongs to the event loop's thread."""

    def __init__(self, device: str, store: StateStore, journal: Journal, changed: Callable[[], None]) -> None:
        self._device = device
        self._store = store
        self._journal = journal
        self._changed = changed
        message = store.desired(device)
        self.desired = Desired.decode(message) if message is not None else Desired(0)
        self.failures = store.board_failures(device)
        self.facts: Mapping[str, Any] = {}
        self.attached = False
        self.refused_rotation: bytes | None = None
        self._entries: dict[str, ReportedWorkload] = {}
        self._on_its_way: dict[str, ReportedWorkload] = {}

    @property
    def entries(self) -> Mapping[str, ReportedWorkload]:
        """The board's own list of workloads."""
        return self._entries

    @entries.setter
    def entries(self, entries: dict[str, ReportedWorkload]) -> None:
        self._entries = entries
        self._changed()

    def set_desired(self, message: bytes) -> None:
        """Store a `desired` message; raises `MalformedError`, with nothing changed, when it is none."""
        desired = Desired.decode(message)
        names = [workload.name for workload in desired.workloads]
        if len(set(names)) != len(names):
            raise MalformedError("desired names a workload twice")
        self._store.set_desired(self._device, message)
        self.desired = desired
        wanted = {workload.name: workload for workload in desired.workloads}
        for name in list(self.failures):
            if name not in wanted or not self.has_failed(wanted[name]):
                del self.failures[name]
                self._store.drop_board_failure(self._device, name)
        self._changed()

    def has_failed(self, wanted: DesiredWorkload) -> bool:
        """Whether the board refused this very release."""
        failure = self.failures.get(wanted.name)
        return failure is not None and (failure.release, failure.envelope) == (wanted.release, wanted.envelope)

    def progress(self, wanted: DesiredWorkload, state: State, offset: int) -> None:
        """A release on its way to the board has reached this state."""
        before = self._on_its_way.get(wanted.name)
        version, sequence = claimed(wanted.envelope)
        self._on_its_way[wanted.name] = ReportedWorkload(
            *(wanted.name, version, sequence, wanted.release, str(state), ""),
            *(offset, wanted.size, self._runs(wanted.name)),
        )
        if before is None or before.state != state:
            log.info("%s: %s %s: %s", self._device, wanted.name, version, state)
        if before is None and not self._is_known(wanted):  # the board tells all later states itself
            self._journal.event(EventKind.STATE, wanted.name, version, state=State.OFFERED)
        if state == State.DOWNLOADING and offset and (before is None or before.state != state):
            resumed = f"resumed at {offset} of {wanted.size} bytes"
            self._journal.event(EventKind.STATE, wanted.name, version, state=state, message=resumed)
        self._changed()

    def arrived(self, wanted: DesiredWorkload) -> None:
        """The release is no longer on its way: what the board says counts again."""
        self._on_its_way.pop(wanted.name, None)
        self._changed()

    def fail(self, wanted: DesiredWorkload, reason: str) -> None:
        """A release is refused: it is not tried again until another one is desired.

        A board that keeps the outcome in its own list tells it itself.
        """
        if self._is_known(wanted) and self._entries[wanted.name].state in (State.FAILED, State.ROLLED_BACK):
            return
        version, sequence = claimed(wanted.envelope)
        log.error("%s refuses %s %s: %s", self._device, wanted.name, version, reason)
        failure = BoardFailure(wanted.name, wanted.release, wanted.envelope, version, sequence, reason)
        self._store.set_board_failure(self._device, failure)
        self.failures[wanted.name] = failure
        self._journal.event(EventKind.STATE, wanted.name, version, state=State.FAILED, reason=reason)
        self._changed()

    def report(self) -> tuple[ReportedWorkload, ...]:
        """All workloads as `reported` tells them."""
        shown = dict(self._entries)
        for wanted in self.desired.workloads:
            failure = self.failures.get(wanted.name)
            if failure is not None:
                shown[wanted.name] = ReportedWorkload(
                    *(failure.name, failure.version, failure.sequence, failure.release, str(State.FAILED)),
                    *(failure.reason, 0, wanted.size, self._runs(wanted.name)),
                )
        shown.update(self._on_its_way)
        return tuple(entry for _, entry in sorted(shown.items()))

    def _is_known(self, wanted: DesiredWorkload) -> bool:
        entry = self._entries.get(wanted.name)
        return entry is not None and entry.release == wanted.release

    def _runs(self, name: str) -> str | None:
        entry = self._entries.get(name)
        if entry is None:
            return None
        return entry.version if entry.state in (State.CONFIRMED, State.PROBATION) else entry.previous
