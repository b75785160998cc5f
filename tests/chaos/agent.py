"""An agent as a process of its own, with a source of records inside that keeps a ledger of what it was told is kept.

The ledger has one line for each record, written after the outbox took it: stream, epoch, number, value. A value is
never used twice, not over restarts either. The clock is the machine's plus what the file `clock` says, in seconds.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from pathlib import Path

import edge_host.agent
from edge_host.__main__ import main
from edge_host.errors import OutboxFullError
from edge_host.journal import Journal
from edge_host.outbox import EVENT, TELEMETRY, Outbox

EACH = 10
"""After so many measurements comes an event."""

REAL_TIME, REAL_TIME_NS = time.time, time.time_ns


class Ledger:
    """What was kept, for the test to read."""

    def __init__(self, folder: Path) -> None:
        incarnations = folder / "incarnations"
        with incarnations.open("a") as file:
            file.write("x")
        self._next = incarnations.stat().st_size * 1_000_000
        self._file = os.open(folder / "ledger", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def value(self) -> int:
        """A value that no record had before."""
        self._next += 1
        return self._next

    def kept(self, stream: str, epoch: int, seq: int, value: int) -> None:
        """A record is in the outbox."""
        os.write(self._file, f"{stream} {epoch} {seq} {value}\n".encode())


class Source(threading.Thread):
    """Makes records until the file `pause` is there; as many as in `burst` at once, a simulated second apart."""

    def __init__(self, folder: Path, outbox: Outbox, journal: Journal, rate: float) -> None:
        super().__init__(daemon=True)
        self._folder = folder
        self._outbox = outbox
        self._journal = journal
        self._rate = rate
        self._ledger = Ledger(folder)
        self._offset = 0.0
        time.time = lambda: REAL_TIME() + self._offset
        time.time_ns = lambda: REAL_TIME_NS() + int(self._offset * 1e9)

    def run(self) -> None:
        """See `Source`."""
        made = 0
        while True:
            burst = self._folder / "burst"
            if burst.exists():
                for _ in range(int(burst.read_text())):
                    made = self._one(made)
                    self._offset += 1
                burst.unlink()
            elif not (self._folder / "pause").exists():
                clock = self._folder / "clock"
                self._offset = float(clock.read_text()) if clock.exists() else self._offset
                made = self._one(made)
            time.sleep(1 / self._rate)

    def _one(self, made: int) -> int:
        value = self._ledger.value()
        try:
            if made % EACH == EACH - 1:
                position = self._journal.event("link", message=str(value))
                if position is not None:
                    self._ledger.kept(EVENT, position.epoch, position.seq, value)
            else:
                self._journal.measurement("chaos", "n", "", float(value))
        except OutboxFullError:
            (self._folder / "refused").write_text(str(value))
        return made + 1


class NotedOutbox(Outbox):
    """Tells the ledger of measurements."""

    ledger: Ledger

    def append(self, device: str, stream: str, record: bytes, *, safe: bool | None = None):
        """See `Outbox.append`."""
        position = super().append(device, stream, record, safe=safe)
        if stream == TELEMETRY:
            from wire import senml

            self.ledger.kept(stream, position.epoch, position.seq, int(senml.decode(record)[0].value))
        return position


def start() -> None:
    """Run the agent with the source beside it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rate", type=float)
    options = parser.parse_args()
    setattr(edge_host.agent, "Outbox", NotedOutbox)  # noqa: B010 - the name is imported there, not its own
    run = edge_host.agent.Agent.run

    async def run_with_source(self: edge_host.agent.Agent) -> None:
        source = Source(options.folder, self._outbox, self._local_journal(), options.rate)
        NotedOutbox.ledger = source._ledger
        source.start()
        await run(self)

    setattr(edge_host.agent.Agent, "run", run_with_source)  # noqa: B010 - a method is replaced
    sys.argv = [sys.argv[0], "--config", options.config]
    result = main()
    sys.exit(result)


if __name__ == "__main__":
    start()
