"""The keys of ``[outbox]``: bounds of the outbox and what happens there."""

from __future__ import annotations

import os
from pathlib import Path

from edge_host.outbox_model import ClassPolicy, Discard, OutboxPolicy
from edge_host.settings import Choice, File, Integer, Number, Section
from edge_host.toml_table import Table

_DEFAULT = OutboxPolicy()
_RULES = tuple(rule.value for rule in Discard)
_MEANING = "`newest` refuses new ones (a guest is told `full`), `oldest` discards the oldest"

TELEMETRY_BYTES = Integer(
    "telemetry-bytes", "bound of telemetry", _DEFAULT.telemetry.bytes, least=64 * 1024, most=1 << 40
)
TELEMETRY_DISCARD = Choice(
    "telemetry-discard",
    f"what happens to measurements at the bound: {_MEANING}, `thin-out` makes averages of two, of four, and so on",
    _DEFAULT.telemetry.discard.value,
    choices=_RULES,
)
EVENT_BYTES = Integer("event-bytes", "bound of events", _DEFAULT.event.bytes, least=64 * 1024, most=1 << 40)
EVENT_DISCARD = Choice(
    "event-discard",
    f"what happens to events at the bound: {_MEANING}",
    _DEFAULT.event.discard.value,
    choices=tuple(rule for rule in _RULES if rule != Discard.THIN_OUT),
)
SYNC_SECONDS = Number(
    "sync-seconds",
    "telemetry and log lines that the fleet has not acknowledged are safe from a power cut after so many seconds, or "
    "5 where 32 KiB of them wait (from the end of the agent: at once); 0 puts each one on disk by itself, which wears "
    "out flash",
    _DEFAULT.sync_seconds,
    least=0.0,
    most=3600.0,
)
MEMORY_FOLDER = File(
    "memory-folder",
    "folder in memory (tmpfs) for records that need not be on disk yet, 256 KiB at most; without one they go to the "
    "disk as they come",
    optional=True,
    shown="what systemd gives the service, `/run/petiole`",
)
OUTBOX = Section(
    "outbox",
    "Records that the fleet has not acknowledged ([how they are kept](../explanation/no-record-is-lost.md)).",
    (TELEMETRY_BYTES, TELEMETRY_DISCARD, EVENT_BYTES, EVENT_DISCARD, SYNC_SECONDS, MEMORY_FOLDER),
)


def read_outbox(table: Table) -> OutboxPolicy:
    """The policy in the table; raises `ConfigError`."""
    runtime = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    policy = OutboxPolicy(
        ClassPolicy(table.get(TELEMETRY_BYTES), Discard(table.get(TELEMETRY_DISCARD))),
        ClassPolicy(table.get(EVENT_BYTES), Discard(table.get(EVENT_DISCARD))),
        table.get(SYNC_SECONDS),
        table.find(MEMORY_FOLDER) or (Path(runtime) if runtime else None),
    )
    table.close()
    return policy
