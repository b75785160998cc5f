"""`petiole agent status`, `petiole status --local`: what the agent of this machine does, without the fleet."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from edge_host.admin.ask import add_options, ask
from edge_host.admin.common import run, table


def main(arguments: list[str]) -> int:
    """Show the status; exit code 1 when no agent answers."""
    parser = argparse.ArgumentParser(
        prog="petiole agent status", description="What the agent of this machine does, asked at its socket."
    )
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    add_options(parser)
    options = parser.parse_args(arguments)
    return run("agent status", lambda: _show(options))


def _show(options: argparse.Namespace) -> int:
    status = ask("status", options)
    print(json.dumps(status, indent=2, ensure_ascii=False) if options.json else "\n".join(text(status)))
    return 0


def text(status: Mapping[str, Any]) -> Iterator[str]:
    """The status for people."""
    broker = status.get("broker") or {"url": None}
    way = f"broker {broker['url']} " + ("connected" if broker.get("connected") else "NOT connected")
    way = way if broker["url"] else "no fleet: no broker is configured"
    yield f"{status['device']} at {status['site']}: agent {status['agent']}, process {status['pid']}, {way}"
    yield f"up {duration(status['up'])}, memory {size(status['memory'])}, free disk {size(status['disk_free'])}"
    rows = [("Device", "Workload", "Version", "State", "Reason"), *_workloads(status)]
    yield from ("", table(rows))
    boards = [member for member in status["members"] if member["kind"] == "board"]
    if boards:
        yield from ("", table([("Board", "Port", "Attached", "Firmware"), *map(_board, boards)]))
    queues = [(member["device"], member["queue"]) for member in status["members"] if member.get("queue")]
    rows = [(device, queue["telemetry"], queue["event"], _ago(queue["oldest"])) for device, queue in queues]
    yield from ("", table([("Waiting in the outbox", "Telemetry", "Events", "Oldest"), *rows]))
    for name, value in status.items():
        if name not in KNOWN and value:
            yield from ("", *_other(name, value))


KNOWN = ("device", "site", "agent", "pid", "time", "up", "memory", "disk_free", "members", "broker")


def _workloads(status: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    for member in status["members"]:
        for entry in member["workloads"]:
            state = entry["state"]
            if state == "downloading":
                state += f" {entry['offset']}/{entry['size']}"
            if entry["previous"]:
                state += f" ({entry['previous']} runs)"
            yield member["device"], entry["name"], entry["version"], state, entry["reason"]


def _board(member: Mapping[str, Any]) -> tuple[object, ...]:
    return member["device"], member.get("port"), "yes" if member["attached"] else "no", member.get("firmware")


def _other(name: str, value: object) -> Iterator[str]:
    title = name.replace("_", " ").capitalize()
    if isinstance(value, list) and value and all(_is_row(row, {"": value[0]}) for row in value):
        yield table([(title, *list(value[0])[1:]), *(map(_cell, row.values()) for row in value)])
    elif isinstance(value, dict) and value and all(_is_row(row, value) for row in value.values()):
        first = next(iter(value.values()))
        yield table([(title, *first), *((key, *map(_cell, row.values())) for key, row in value.items())])
    elif isinstance(value, dict):
        plain = {key: inner for key, inner in value.items() if not isinstance(inner, dict)}
        yield ", ".join([title, *(f"{key} {_cell(inner)}" for key, inner in plain.items() if inner not in (None, []))])
        for key, inner in value.items():
            if isinstance(inner, dict) and inner:
                yield from _other(key, inner)
    else:
        yield f"{title}: {_cell(value)}"


def _is_row(row: object, rows: Mapping[str, Any]) -> bool:
    first = next(iter(rows.values()))
    return isinstance(row, dict) and isinstance(first, dict) and row.keys() == first.keys()


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _ago(unix_ms: int | None) -> str | None:
    return None if unix_ms is None else f"{duration(max(0.0, time.time() - unix_ms / 1000))} ago"


def duration(seconds: float) -> str:
    """A time span in its two largest units."""
    whole = int(seconds)
    for unit, name, smaller, less in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= unit:
            return f"{whole // unit} {name} {whole % unit // smaller} {less}"
    return f"{whole} s"


def size(count: float) -> str:
    """Bytes in the unit that fits."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
