"""Watching a release on its way to a device: from the fleet's desired state to confirmed, rolled back or failed.

The device reports; this module only reads what the fleet has stored, so that it can be started, ended and started again
at any time. States are those of formats.md section 6.
"""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from provisioning.api import Fleet, Json
from provisioning.errors import DeploymentError

POLL_SECONDS = 0.2
LATE_SECONDS = 0.3
"""State events of a transition may arrive a little after the report of the final state."""
FINAL = ("confirmed", "rolled-back", "failed")
HISTORY = 50


@dataclass(frozen=True)
class Target:
    """A release on its way to a device since the desired state's `revision`.

    `seen` is the newest transition before, `again` whether the device had reported an end for this very release before.
    """

    device: str
    workload: str
    release: str
    version: str
    revision: int
    seen: int
    again: bool


@dataclass
class Progress:
    """What was seen of a release so far; `steps` holds the device's time (Unix ms) at each state's begin."""

    state: str = "offered"
    reason: str = ""
    offset: int = 0
    size: int = 0
    steps: dict[int, tuple[str, int]] = field(default_factory=dict)

    @property
    def confirmed(self) -> bool:
        """Whether the release runs and stays."""
        return self.state == "confirmed"

    def seconds(self) -> dict[str, float]:
        """How long each state lasted that was followed by another."""
        spans: dict[str, float] = {}
        ordered = sorted(self.steps.values(), key=lambda step: step[1])
        for (state, start), (_, end) in itertools.pairwise(ordered):
            spans[state] = round(spans.get(state, 0.0) + (end - start) / 1000, 3)
        return spans


Report = Callable[[Progress], None]
"""Called at the begin of each state, and again whenever a transfer has moved on."""


def start(api: Fleet, device: str, release: Json, *, force: bool = False) -> Target:
    """Make `release` the desired one of its workload on `device`."""
    workload, digest = str(release["workload"]), str(release["release"])
    seen = max((row["id"] for row in api.history(device, limit=HISTORY)), default=0)
    again = any(entry["release"] == digest and entry["state"] in FINAL for entry in api.workloads(device))
    revision = api.set_workload(device, workload, digest, force=force)
    return Target(device, workload, digest, str(release["version"]), revision, seen, again)


def watch(api: Fleet, target: Target, seconds: float, report: Report) -> Progress:
    """Wait until the device has confirmed the release or given it up; tells `report` on the way.

    Raises DeploymentError after `seconds`; the device goes on by itself.
    """
    progress = Progress()
    deadline = time.monotonic() + seconds
    while not _look(api, target, progress, report):
        if time.monotonic() > deadline:
            raise DeploymentError(
                f"{target.workload} {target.version} is not confirmed after {seconds:.0f} s, only {progress.state}",
                where=target.device,
                next_step=f"the device goes on by itself; look again with: petiole status {target.device}",
            )
        time.sleep(POLL_SECONDS)
    time.sleep(LATE_SECONDS)
    _take_history(api, target, progress, lambda _progress: None)
    return progress


def _look(api: Fleet, target: Target, progress: Progress, report: Report) -> bool:
    device = api.device(target.device)
    _take_history(api, target, progress, report)
    entry = next((entry for entry in device["workloads"] if entry["release"] == target.release), None)
    if entry is None:
        return False
    state, offset = str(entry["state"]), int(entry["offset"])
    if state in FINAL:
        if target.again and device["revision"]["reported"] < target.revision:
            return False
        shown = progress.state == state
        progress.state, progress.reason = state, str(entry["reason"])
        if not shown:
            report(progress)
        return True
    if state == "downloading" and progress.state in ("offered", state) and offset != progress.offset:
        progress.state, progress.offset, progress.size = state, offset, int(entry["size"])
        report(progress)
    return False


def _take_history(api: Fleet, target: Target, progress: Progress, report: Report) -> None:
    for row in api.history(target.device, workload=target.workload, limit=HISTORY):
        if row["id"] <= target.seen or row["version"] != target.version or row["id"] in progress.steps:
            continue
        progress.steps[row["id"]] = (str(row["state"]), int(row["time"]))
        if row["state"] != progress.state and progress.state not in FINAL:
            progress.state, progress.reason = str(row["state"]), str(row["reason"])
            report(progress)
