"""Memory, idle time, start and deployment of one agent with one workload and one attached board.

Memory is measured as Greengrass publishes it: proportional set size, a warm-up, then a window, then the peak during
deployments with all child processes. The bare script runs beside it, in the same window.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

from bench.footprint.process import effort, family, memory
from bench.footprint.rig import BOARD, EDGE, Rig, hello, rig
from bench.paths import ROOT
from edge_host.lean import CALM_SECONDS
from tests.edge_host.components import padded
from tests.edge_host.fleet_double import Made, make_release
from wire.descriptor import Limits, Probation
from wire.messages import unix_ms
from wire.triggers import AtStart

SAMPLE_SECONDS = 5.0
PEAK_SECONDS = 0.05
STARTS = 5
DEPLOYMENTS = 5
EVERY_MS = 5_000
BUNDLE_BYTES = 1 << 20
NAME = "hello"


@dataclass(frozen=True)
class Periods:
    """Seconds of warm-up and of the window."""

    warm_up: float = 300.0
    window: float = 600.0


QUICK = Periods(15.0, 30.0)


def measure(periods: Periods) -> dict[str, float]:
    """All of it; bytes, seconds, and parts of one core."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with rig(folder) as site, _bare(folder) as bare:
            _install(site)
            starts = [_start(site) for _ in range(STARTS)]
            found = _window(site, bare.pid, periods)
            found |= _deployments(site)
    return {"start-seconds": median(starts), "start-seconds-worst": max(starts), **found}


def _release(sequence: int, component: bytes) -> Made:
    return make_release(
        NAME,
        component,
        sequence,
        limits=Limits(memory=65_536),
        every_ms=EVERY_MS,
        probation=Probation(calls=1, seconds=60),
        triggers=(AtStart(),),
    )


def _install(site: Rig) -> None:
    site.agent.start()
    site.fleet.wait(BOARD, lambda received: received.reported, "report of the board")
    site.fleet.desire(EDGE, _release(1, hello()))
    site.fleet.wait_state(EDGE, NAME, "confirmed")


def _start(site: Rig) -> float:
    """Seconds from the start of the process to the first call of the workload."""
    site.agent.stop()
    begun = unix_ms()
    site.agent.start()
    return (_logged_after(site, begun) - begun) / 1000


def _logged_after(site: Rig, begun: int) -> int:
    return site.fleet.wait(
        EDGE,
        lambda received: min(
            (event.time for event in received.events.values() if event.kind == "log" and event.time >= begun),
            default=None,
        ),
        "log line",
    )


def _window(site: Rig, bare: int, periods: Periods) -> dict[str, float]:
    agent = _pid(site)
    time.sleep(periods.warm_up)
    before, begun = effort(agent), time.monotonic()
    samples = []
    while time.monotonic() - begun < periods.window:
        time.sleep(SAMPLE_SECONDS)
        samples.append((memory(agent), memory(bare)))
    after, seconds = effort(agent), time.monotonic() - begun
    ours, theirs = zip(*samples, strict=True)
    return {
        "alone": mean(sample.alone for sample in ours),
        "alone-peak": max(sample.alone for sample in ours),
        "pss": mean(sample.pss for sample in ours),
        "anonymous": mean(sample.anonymous for sample in ours),
        "bare-alone": mean(sample.alone for sample in theirs),
        "bare-pss": mean(sample.pss for sample in theirs),
        "bare-anonymous": mean(sample.anonymous for sample in theirs),
        "idle-cpu": (after.seconds - before.seconds) / seconds,
        "wakeups-per-second": (after.wakeups - before.wakeups) / seconds,
    }


def _pid(site: Rig) -> int:
    if site.agent.process is None:
        raise SystemExit("the agent does not run")
    return site.agent.process.pid


def _deployments(site: Rig) -> dict[str, float]:
    agent = _pid(site)
    content = hello()
    took = []
    peaks = [0]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(PEAK_SECONDS):
            peaks.append(family(agent))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for sequence in range(2, 2 + DEPLOYMENTS):
            release = _release(sequence, padded(content, BUNDLE_BYTES - len(content) - sequence))
            offered = unix_ms()
            site.fleet.desire(EDGE, release)
            took.append((_on_probation(site, f"{sequence}.0") - offered) / 1000)
            site.fleet.wait_state(EDGE, NAME, "confirmed", f"{sequence}.0")
    finally:
        done.set()
        watcher.join()
    time.sleep(CALM_SECONDS + 2)
    after = memory(agent)
    return {
        "deployment-seconds": median(took),
        "deployment-seconds-worst": max(took),
        "deployment-peak": max(peaks),
        "alone-after-deployments": after.alone,
    }


def _on_probation(site: Rig, version: str) -> int:
    return site.fleet.wait(
        EDGE,
        lambda received: next(
            (e.time for e in received.events.values() if (e.version, e.state) == (version, "probation")), None
        ),
        f"probation of {version}",
    )


@contextmanager
def _bare(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    component, artifact = folder / "bare.wasm", folder / "bare.cwasm"
    component.write_bytes(hello())
    module = (sys.executable, "-m", "bench.footprint.bare")
    subprocess.run([*module, "compile", component, artifact], cwd=ROOT, check=True)
    process = subprocess.Popen([*module, "hold", artifact, str(EVERY_MS / 1000)], cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
