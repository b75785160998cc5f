"""`python -m bench.wear`: bytes written to disk for telemetry and for a deployment, beside their payload.

Telemetry is kept as an agent does at some rates, in records of one measurement. **Online** the fleet acknowledges each
record half of `sync-seconds` after it was made; **offline** it does not. The time is simulated. The same goes into
SQLite (WAL, all of five seconds in one transaction, as a reference for the choice of a log of our own).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.wear_disk import Disk, disk, written_by
from edge_host.outbox import TELEMETRY, Outbox, OutboxPolicy
from edge_host.outbox_model import ClassPolicy, Discard
from edge_host.outbox_tail import is_in_memory
from wire import senml

SYNC_SECONDS = 5
RATES = (1, 10, 100, 500)
ROUNDS = 120
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made there


@dataclass(frozen=True)
class Wear:
    """Bytes: of what was to be kept, written by the process, and written to the device (None: not known)."""

    what: str
    payload: int
    process: int
    device: int | None

    def __str__(self) -> str:
        ratios = [f"process {self.process / self.payload:7.2f} x"]
        if self.device is not None:
            ratios.append(f"device {self.device / self.payload:7.2f} x")
        return f"{self.what:55} payload {self.payload:9,d} B   {'   '.join(ratios)}"


def measure(disk: Disk, what: str, payload: int, work: Callable[[], None]) -> Wear:
    """What `work` writes in this process."""
    device, process = disk.written(), written_by(os.getpid())
    work()
    process = written_by(os.getpid()) - process
    after = disk.written()
    return Wear(what, payload, process, None if after is None or device is None else after - device)


def packs(count: int) -> list[bytes]:
    """Measurements as a thermometer makes them."""
    return [
        senml.encode(senml.Measurement("edge-1", "thermometer", "temperature", "Cel", 20 + n / 16, 1.7e9 + n / 7))
        for n in range(count)
    ]


def telemetry(disk: Disk, rate: int, *, online: bool, memory: Path | None, sync: int = SYNC_SECONDS) -> Wear:
    """The outbox at `rate` records a second, with its newest end in `memory`."""
    bound = ClassPolicy(64 << 20, Discard.NEWEST)
    where = f"{'online' if online else 'offline'}-{sync}-{memory is not None}"
    outbox = Outbox(disk.folder / f"log-{rate}-{where}", OutboxPolicy(bound, sync_seconds=sync * 3600, memory=memory))
    records = packs(rate * sync)
    halves = (records[: len(records) // 2], records[len(records) // 2 :])

    def work() -> None:
        before = None
        for half in halves * ROUNDS:
            for record in half:
                position = outbox.append("edge-1", TELEMETRY, record)
            if online and before is not None:
                outbox.acknowledge("edge-1", TELEMETRY, before)
            outbox.keep_safe()
            before = position if half else before

    result = measure(disk, _name(rate, online, memory, sync), ROUNDS * sum(map(len, records)), work)
    outbox.close()
    return result


def _name(rate: int, online: bool, memory: Path | None, sync: int) -> str:
    where = "memory-folder" if memory is not None else "no memory-folder"
    return f"{rate:3} records/s {'online' if online else 'offline'}, sync-seconds {sync}, {where}"


def in_sqlite(disk: Disk, rate: int, *, each: bool) -> Wear:
    """A table in SQLite: a transaction for each record, or one for all between two synchronisations."""
    base = sqlite3.connect(disk.folder / f"base-{rate}-{each}.db", isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL"):
        base.execute(f"PRAGMA {pragma}")
    base.execute("CREATE TABLE record (seq INTEGER PRIMARY KEY, data BLOB NOT NULL)")
    records = packs(rate * SYNC_SECONDS)

    def work() -> None:
        for _ in range(ROUNDS // (10 if each else 1)):
            for at, record in enumerate(records):
                if each or at == 0:
                    base.execute("BEGIN")
                base.execute("INSERT INTO record (data) VALUES (?)", (record,))
                if each or at == len(records) - 1:
                    base.execute("COMMIT")
            base.execute("DELETE FROM record")

    work()
    how = "each alone" if each else f"all of {SYNC_SECONDS} s together"
    payload = ROUNDS // (10 if each else 1) * sum(map(len, records))
    result = measure(disk, f"SQLite, {rate} records a second, {how}", payload, work)
    base.close()
    return result


def deployment(disk: Disk, size: int, *, code: bool) -> Wear:
    """An agent that gets a release of `size` bytes, up to its confirmation; with its compiler process."""
    from tests.edge_host import components  # noqa: PLC0415 - tests are there only in a checkout
    from tests.edge_host.conftest import AgentProcess, Broker  # noqa: PLC0415
    from tests.edge_host.fleet_double import FleetDouble, make_release  # noqa: PLC0415

    wasm = components.padded(components.idle(), size) if not code else coded(size)
    with tempfile.TemporaryDirectory() as elsewhere:
        broker = Broker(Path(elsewhere))
        broker.start()
        agent = AgentProcess(disk.folder / f"edge-{code}", broker.port)
        try:
            with FleetDouble(broker.port) as fleet:
                agent.start()
                fleet.wait("edge-1", lambda received: received.reported, "a report")
                pid = agent.process.pid if agent.process is not None else 0
                device, process = disk.written(), written_by(pid)
                release = make_release("large", wasm, grants={})
                fleet.desire("edge-1", release)
                fleet.wait_state("edge-1", "large", "confirmed")
                time.sleep(0.5)
                process = written_by(pid) - process
                after = disk.written()
        finally:
            agent.kill()
            broker.stop()
    what = f"deployment of {len(wasm):,d} B, " + ("all of it code" if code else "nearly all of it data")
    return Wear(what, len(wasm), process, None if after is None or device is None else after - device)


def coded(size: int) -> bytes:
    """A component of about `size` bytes of functions."""
    from tests.edge_host import components  # noqa: PLC0415

    line = "(local.set 0 (i32.add (i32.mul (local.get 0) (i32.const 77777)) (i32.xor (local.get 0) (i32.const 99))))"
    function = f"(func (param i32) (result i32) {line * 40} (local.get 0))"
    each = len(components.component(components.OK, declarations=function * 9)) - len(
        components.component(components.OK, declarations=function)
    )
    return components.component(components.OK, declarations=function * (size * 8 // each))


def all_telemetry(disk: Disk) -> list[Wear]:
    """At all rates: online and offline, with and without a folder in memory, and in SQLite."""
    memory = Path(tempfile.mkdtemp(dir=SHARED_MEMORY)) if is_in_memory(SHARED_MEMORY) else None
    try:
        results = [
            telemetry(disk, rate, online=online, memory=place)
            for place in dict.fromkeys((memory, None))
            for online in (True, False)
            for rate in RATES
        ]
        results += [telemetry(disk, rate, online=False, memory=memory, sync=60) for rate in (1, 10)]
    finally:
        if memory is not None:
            shutil.rmtree(memory)
    return [*results, *(in_sqlite(disk, rate, each=False) for rate in RATES), in_sqlite(disk, 10, each=True)]


def main() -> None:
    """Print a line for each measurement; with `--json` the same as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=("telemetry", "deployment"))
    options = parser.parse_args()
    results: list[Wear] = []
    with disk() as here:
        if options.only != "deployment":
            results += all_telemetry(here)
        if options.only != "telemetry":
            results += [deployment(here, 1 << 20, code=code) for code in (False, True)]
    for result in results:
        sys.stdout.write(json.dumps(vars(result)) + "\n" if options.json else f"{result}\n")


if __name__ == "__main__":
    main()
