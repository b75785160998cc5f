"""The agent's status as Prometheus metrics (text format 0.0.4), over the socket or at ``http://LISTEN/metrics``."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
REQUEST_BYTES = 8192
REQUEST_SECONDS = 5.0
CLIENTS = 8

_HELP = {
    "petiole_info": "The agent; always 1.",
    "petiole_up_seconds": "How long the agent runs.",
    "petiole_memory_resident_bytes": "Memory of the agent's process.",
    "petiole_disk_free_bytes": "Free space where the state folder lies.",
    "petiole_broker_connected": "Whether the site's broker takes and gives messages.",
    "petiole_device_attached": "Whether a device of the site answers: this host itself, or a board.",
    "petiole_workload_state": "The state of a workload; 1 for the one it is in.",
    "petiole_instances": "Instances of a component at present.",
    "petiole_instances_warm": "Those of them that wait for a call.",
    "petiole_instances_most": "The most instances of a component at the same time.",
    "petiole_instances_made_total": "Instances of a component since its release was loaded.",
    "petiole_outbox_waiting_records": "Records that the fleet has not acknowledged.",
    "petiole_outbox_oldest_timestamp_seconds": "When the oldest waiting record was made.",
}

_COUNTERS = {"appended", "acknowledged", "refused", "discarded", "thinned", "written_bytes", "syncs"}
"""Statistics that only grow."""

_INSTANCES = {
    "petiole_instances": "now",
    "petiole_instances_warm": "warm",
    "petiole_instances_most": "most",
    "petiole_instances_made_total": "made",
}

Labels = Mapping[str, object]
Sample = tuple[str, Labels, float]


def render(status: Mapping[str, Any]) -> str:
    """The metrics of a status (see `edge_host.status`)."""
    lines: list[str] = []
    seen = ""
    for name, labels, value in sorted(_samples(status), key=lambda sample: sample[0]):
        if name != seen:
            kind = "counter" if name.endswith("_total") else "gauge"
            lines += [f"# HELP {name} {_HELP.get(name, 'Statistics of the agent.')}", f"# TYPE {name} {kind}"]
            seen = name
        shown = ",".join(f'{key}="{_escape(str(text))}"' for key, text in labels.items())
        lines.append(f"{name}{{{shown}}} {_number(value)}" if shown else f"{name} {_number(value)}")
    return "\n".join(lines) + "\n"


def _samples(status: Mapping[str, Any]) -> Iterator[Sample]:
    yield "petiole_info", {key: status[key] for key in ("device", "site", "agent")}, 1
    yield "petiole_up_seconds", {}, status["up"]
    yield "petiole_memory_resident_bytes", {}, status["memory"]
    yield "petiole_disk_free_bytes", {}, status["disk_free"]
    if (status.get("broker") or {}).get("url"):
        yield "petiole_broker_connected", {}, status["broker"]["connected"]
    for member in status["members"]:
        device = {"device": member["device"]}
        yield "petiole_device_attached", device, member["attached"]
        for entry in member["workloads"]:
            labels = device | {"workload": entry["name"], "version": entry["version"], "state": entry["state"]}
            yield "petiole_workload_state", labels, 1
        queue = member.get("queue") or {}
        for stream in ("telemetry", "event"):
            if stream in queue:
                yield "petiole_outbox_waiting_records", device | {"stream": stream}, queue[stream]
        if queue.get("oldest") is not None:
            yield "petiole_outbox_oldest_timestamp_seconds", device, queue["oldest"] / 1000
    for row in status.get("instances") or ():
        labels = {"device": status["device"], **{name: row[name] for name in ("workload", "version", "component")}}
        for name, key in _INSTANCES.items():
            yield name, labels, row[key]
    statistics = status.get("outbox") or {}
    for kind, numbers in statistics.get("classes", {}).items():
        yield from _statistics(numbers, {"class": kind})
    yield from _statistics(statistics, {})


def _statistics(numbers: Mapping[str, object], labels: Labels) -> Iterator[Sample]:
    for key, value in numbers.items():
        if isinstance(value, bool | int | float):
            yield f"petiole_outbox_{key}" + ("_total" if key in _COUNTERS else ""), labels, value


def _number(value: float) -> str:
    return str(int(value)) if isinstance(value, bool | int) else repr(value)


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


class MetricsServer:
    """Answers ``GET /metrics`` and nothing else; belongs to the event loop's thread."""

    def __init__(self, host: str, port: int, text: Callable[[], str]) -> None:
        self._where = host, port
        self._text = text
        self._clients = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; raises OSError."""
        self._server = await asyncio.start_server(self._serve, *self._where, limit=REQUEST_BYTES)

    async def close(self) -> None:
        """Listen no longer."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients += 1
        try:
            if self._clients > CLIENTS:
                return
            with contextlib.suppress(OSError, TimeoutError, ValueError, EOFError, asyncio.LimitOverrunError):
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), REQUEST_SECONDS)
                writer.write(self._answer(head))
                await asyncio.wait_for(writer.drain(), REQUEST_SECONDS)
        finally:
            self._clients -= 1
            writer.close()

    def _answer(self, head: bytes) -> bytes:
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0]
        if path != b"/metrics":
            return _response("404 Not Found", "the metrics are at /metrics\n")
        if method != b"GET":
            return _response("405 Method Not Allowed", "only GET is understood\n", "Allow: GET\r\n")
        return _response("200 OK", self._text())


def _response(status: str, text: str, more: str = "") -> bytes:
    body = text.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\n{more}"
    return f"{head}Connection: close\r\n\r\n".encode() + body
