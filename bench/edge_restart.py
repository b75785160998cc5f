"""How soon every workload runs again after a power cut, with no network at all.

`python -m bench.edge_restart` runs several workloads, kills the agent and the broker, starts the agent alone, and
looks afterwards, when the broker is back, at which time each workload was called first. Exit code 1 over `AIM`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from bench.footprint.rig import EDGE, Rig, hello, rig
from tests.edge_host.fleet_double import Made, Received, make_release
from wire.descriptor import Limits, Probation
from wire.messages import unix_ms
from wire.triggers import AtStart

AIM = 3.0
WORKLOADS = 8
OFFLINE_SECONDS = 4.0


def measure() -> dict[str, float]:
    """Seconds from the start of the process until the first and the last workload were called."""
    with tempfile.TemporaryDirectory() as name, rig(Path(name)) as site:
        names = [f"hello-{number}" for number in range(WORKLOADS)]
        site.agent.start()
        site.fleet.wait(EDGE, lambda received: received.reported, "first report")
        site.fleet.desire(EDGE, *(_release(workload) for workload in names))
        for workload in names:
            site.fleet.wait_state(EDGE, workload, "confirmed")
        site.agent.kill()
        site.broker.stop()
        begun = unix_ms()
        site.agent.start()
        time.sleep(OFFLINE_SECONDS)
        site.broker.start()
        first = _first_calls(site, names, begun)
    return {
        "restart-workloads": WORKLOADS,
        "restart-first-seconds": (min(first) - begun) / 1000,
        "restart-all-seconds": (max(first) - begun) / 1000,
    }


def _release(workload: str) -> Made:
    return make_release(
        workload,
        hello(),
        limits=Limits(memory=65_536),
        every_ms=60_000,
        probation=Probation(calls=1, seconds=60),
        triggers=(AtStart(),),
    )


def _first_calls(site: Rig, names: list[str], begun: int) -> list[int]:
    def find(received: Received) -> list[int] | None:
        lines = [event for event in received.events.values() if event.kind == "log" and event.time >= begun]
        first = [min((e.time for e in lines if e.workload == name), default=0) for name in names]
        return first if all(first) else None

    return site.fleet.wait(EDGE, find, "log line of every workload", 120)


def main() -> int:
    """Measure and print."""
    found = measure()
    for name, value in found.items():
        print(f"{name:24} {value:6.2f}")
    return 0 if found["restart-all-seconds"] <= AIM else 1


if __name__ == "__main__":
    sys.exit(main())
