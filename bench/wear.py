"""`python -m bench.wear`: bytes written to disk for telemetry and for a deployment, beside their payload.

Telemetry is kept as an agent does at some rates, in records of one measurement. **Online** the fleet acknowledges each
record a second after it was made; **offline** it does not. The time is simulated, the kernel's own writing back, every
30 s, too. The same goes into SQLite (WAL, all of five seconds in one transaction), as a reference for the choice of a
log of our own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path
from unittest import mock

from bench.wear_disk import Disk, disk, written_by
from edge_host.outbox import TELEMETRY, Outbox, OutboxPolicy, Position
from edge_host.outbox_model import ClassPolicy, Discard
from edge_host.outbox_tail import is_in_memory
from wire import senml

SYNC_SECONDS = OutboxPolicy().sync_seconds
ACKNOWLEDGED_SECONDS = 1
WRITE_BACK_SECONDS = 30
SQLITE_SECONDS = 5
RATES = (1, 10, 100, 500)
ROUNDS = 120
RECORDS = 60_000
LONGEST = 36_000
"""Seconds; at higher rates the simulated time ends with the number of records."""

SENSORS = (("temperature", "Cel", 21), ("humidity", "%RH", 40), ("pressure", "hPa", 1013))
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
        return f"{self.what:70} payload {self.payload:9,d} B   {'   '.join(ratios)}"


def measure(disk: Disk, what: str, payload: int, work: Callable[[], None]) -> Wear:
    """What `work` writes in this process."""
    device, process = disk.written(), written_by(os.getpid())
    work()
    process = written_by(os.getpid()) - process
    after = disk.written()
    return Wear(what, payload, process, None if after is None or device is None else after - device)


def packs(count: int, rate: int) -> list[bytes]:
    """Measurements of three sensors in turn, with the noise of values and times that a machine has."""
    lots = random.Random(1)  # noqa: S311
    return [
        senml.encode(senml.Measurement("edge-1", "climate", name, unit, round(lots.gauss(mean, 1), 2), at))
        for n in range(count)
        for name, unit, mean in (SENSORS[n % len(SENSORS)],)
        for at in (1.7e9 + n / rate + lots.random() / 1000,)
    ]


def own(outbox: Outbox, _n: int, record: bytes) -> Position:
    """Keep a measurement of the edge host."""
    return outbox.append("edge-1", TELEMETRY, record)


def of_board(outbox: Outbox, n: int, record: bytes) -> Position:
    """Keep a measurement of a board, and tell it so."""
    position = outbox.append_from_board("edge-1", 1, n + 1, TELEMETRY, record)
    if position is None:
        raise ValueError(f"record {n} was kept before")
    outbox.told("edge-1", TELEMETRY, position)
    return position


@dataclass
class Clock:
    """Simulated time, and when the outbox wants to put records on disk; in the place of its `Syncer`."""

    now: float = 1.7e9
    due: float = inf
    keep_safe: Callable[[float], float | None] = lambda _now: None
    seconds: float = 0

    def __call__(self, keep_safe: Callable[[float], float | None], seconds: float) -> Clock:
        """Take what the outbox gives a `Syncer`."""
        self.keep_safe, self.seconds = keep_safe, seconds
        return self

    def wake(self, *, urgent: bool = False) -> None:
        """There is something to put on disk."""
        self.due = self.now if urgent else min(self.due, self.now + self.seconds)
        self.turn()

    def turn(self) -> None:
        """Do what is due."""
        if self.now >= self.due:
            after = self.keep_safe(self.now)
            self.due = inf if after is None else self.now + after

    def close(self) -> None:
        """Do nothing: no thread runs."""


def telemetry(
    disk: Disk,
    rate: int,
    *,
    online: bool,
    memory: Path | None,
    sync: float = SYNC_SECONDS,
    append: Callable[[Outbox, int, bytes], Position] = own,
    source: str = "",
) -> Wear:
    """The outbox at `rate` records a second, kept by `append`, with its newest end in `memory`."""
    bound = ClassPolicy(64 << 20, Discard.NEWEST)
    name = f"{rate:3} records/s {'online' if online else 'offline'}, sync-seconds {sync:g}, {source}"
    name += "memory-folder" if memory is not None else "no memory-folder"
    records = packs(min(RECORDS, LONGEST * rate), rate)
    clock, begun = Clock(), 1.7e9
    with mock.patch("edge_host.outbox.Syncer", clock), mock.patch.object(Outbox, "_now", lambda _: int(clock.now)):
        outbox = Outbox(disk.folder / name, OutboxPolicy(bound, sync_seconds=sync, memory=memory))
        sent: deque[tuple[float, Position]] = deque()

        def work() -> None:
            written_back, bytes_before = begun, 0
            for n, record in enumerate(records):
                clock.now = begun + n / rate
                clock.turn()
                sent.append((clock.now, append(outbox, n, record)))
                if online and n % max(1, rate // 4) == 0:
                    while sent and sent[0][0] <= clock.now - ACKNOWLEDGED_SECONDS:
                        position = sent.popleft()[1]
                    outbox.acknowledge("edge-1", TELEMETRY, position) if n > rate * ACKNOWLEDGED_SECONDS else None
                if clock.now - written_back >= WRITE_BACK_SECONDS:
                    written_back, count = clock.now, outbox.statistics().written_bytes
                    if count > bytes_before:
                        bytes_before = count
                        disk.write_back()

        result = measure(disk, name, sum(map(len, records)), work)
        outbox.close()
    return result


def in_sqlite(disk: Disk, rate: int, *, each: bool) -> Wear:
    """A table in SQLite: a transaction for each record, or one for all between two synchronisations."""
    base = sqlite3.connect(disk.folder / f"base-{rate}-{each}.db", isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL"):
        base.execute(f"PRAGMA {pragma}")
    base.execute("CREATE TABLE record (seq INTEGER PRIMARY KEY, data BLOB NOT NULL)")
    records = packs(rate * SQLITE_SECONDS, rate)

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
    how = "each alone" if each else f"all of {SQLITE_SECONDS} s together"
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
        results += [telemetry(disk, rate, online=False, memory=memory, sync=5) for rate in RATES[:2]]
        results += [
            telemetry(disk, rate, online=online, memory=memory, append=of_board, source="of a board, ")
            for online in (True, False)
            for rate in RATES[:2]
        ]
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
