"""The page `docs/reference/edge-footprint.md` from the tracked numbers of `bench/edge.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bench.footprint.process import MEBIBYTE
from bench.paths import ROOT
from bench.report import Row, header, number

NUMBERS = ROOT / "bench" / "edge.json"
NOTES = ROOT / "bench" / "edge_notes.md"
PAGE = ROOT / "docs" / "reference" / "edge-footprint.md"
HEAD = (
    "# Footprint of the edge host",
    "",
    "Made by `make bench-footprint` from `bench/edge.json`; the notes at the end are `bench/edge_notes.md`.",
    "One agent with one workload, which is called every five seconds, and one attached board. **Bare** is a script",
    "that loads and calls the same component with wasmtime-py and nothing else, in the same run.",
)

Numbers = dict[str, float]


def rows(found: Numbers) -> Iterator[Row]:
    """The measurements that have an aim, and what explains them."""

    def mebibytes(name: str) -> float | None:
        return found[name] / MEBIBYTE if name in found else None

    def over(name: str) -> float | None:
        return (found[name] - found[f"bare-{name}"]) / MEBIBYTE if name in found else None

    def value(name: str, factor: float = 1.0) -> float | None:
        return found[name] * factor if name in found else None

    yield Row("memory (PSS)", mebibytes("pss"), "MiB", 42)
    yield Row("memory (PSS) over the bare script", over("pss"), "MiB", 18)
    yield Row("memory with no other Python program on the machine", mebibytes("alone"), "MiB", 42)
    yield Row("that over the bare script", over("alone"), "MiB", 18)
    yield Row("its peak in the window", mebibytes("alone-peak"), "MiB")
    yield Row("its peak during deployments, with the compiler's process", mebibytes("deployment-peak"), "MiB")
    yield Row("it after the deployments", mebibytes("alone-after-deployments"), "MiB")
    yield Row("idle: part of one core", value("idle-cpu", 100), "%", 0.5)
    yield Row("idle: times the process wakes up", value("wakeups-per-second"), "a second")
    yield Row("start to the first call of the workload", value("start-seconds"), "s", 1.5)
    yield Row("power cut and no network: until eight workloads run", value("restart-all-seconds"), "s", 3)
    yield Row("deployment of 1 MiB, from the offer to probation", value("deployment-seconds"), "s", 2)
    yield Row("calls of a handler", value("calls"), "a second", 30_000, least=True)
    between, messages = "from one component to another", "messages from one component to another"
    yield Row(f"calls {between}, `poolSize: 1`", value("peer-calls"), "a second", 30_000, least=True)
    new = value("peer-calls-new-instances")
    yield Row(f"calls {between}, each to a new instance (the default)", new, "a second", 30_000, least=True)
    yield Row(f"{messages}, `poolSize: 1`", value("messages"), "a second", 5_000, least=True)
    yield Row("the same by the clock", value("messages-by-the-clock"), "a second", 5_000, least=True)
    new = value("messages-new-instances")
    yield Row(f"{messages}, each to a new instance (the default)", new, "a second", 5_000, least=True)
    yield Row("cold start of a cached component, 99th percentile", value("cold-start-p99", 1000), "ms", 1)
    yield Row("call with a new instance, median", value("new-instance", 1000), "ms")
    yield Row("call with a new instance, 99th percentile", value("new-instance-p99", 1000), "ms", 1)


def peers(found: Numbers) -> Iterator[str]:
    """Lines of the table that sets the agent beside plain wasmtime-py."""
    for name, ours, unit, factor in (
        ("memory (PSS)", "pss", "MiB", 1 / MEBIBYTE),
        ("memory with no other Python program on the machine", "alone", "MiB", 1 / MEBIBYTE),
        ("of it anonymous", "anonymous", "MiB", 1 / MEBIBYTE),
        ("calls of a handler", "calls", "a second", 1),
        ("calls from one component to another, `poolSize: 1`", "peer-calls", "a second", 1),
        ("messages from one component to another, `poolSize: 1`", "messages", "a second", 1),
        ("cold start, median", "cold-start", "ms", 1000),
        ("cold start, 99th percentile", "cold-start-p99", "ms", 1000),
    ):
        pair = [number(found[key] * factor if key in found else None) for key in (ours, f"bare-{ours}")]
        yield f"| {name} | {pair[0]} | {pair[1]} | {unit} |"


def page(found: Numbers, notes: str) -> str:
    """The page as Markdown."""
    lines = [*HEAD, "", *header("What", "Measured", "Unit", "Aim", "Of the aim", "Met")]
    for row in rows(found):
        lines.append(f"| {row.name} | {number(row.value)} | {row.unit} | {row.words} | {row.ratio} | {row.met} |")
    lines += ["", *header("What", "Agent", "Bare wasmtime-py", "Unit"), *peers(found)]
    return "\n".join([*lines, "", notes.strip(), ""])


def tracked() -> str:
    """The page from the numbers that are tracked."""
    return page(json.loads(NUMBERS.read_text()), NOTES.read_text())


def write(found: Numbers) -> str:
    """Keep the numbers and write the page; its text."""
    NUMBERS.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n")
    text = tracked()
    PAGE.write_text(text)
    return text
