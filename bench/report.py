"""The table of aims and measurements, and the page `docs/reference/footprint.md`, from the tracked numbers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from bench.paths import BOARDS, PAGE, ROOT, SIZES, SPEED

NOTES = ROOT / "bench" / "notes.md"
ITERATIONS = 10
"""Of CoreMark, as in bench/guests/coremark."""
GIGA = 10**9
KIB = 1024
HEAD = (
    "# Footprint",
    "",
    "Made by `make bench` from `bench/sizes.json` and `bench/speed.json`; the notes at the end are `bench/notes.md`.",
    "Measured on emulated boards in QEMU with `-icount shift=0`, which counts instructions: compare numbers, do not",
    "take them for time. CoreMark is in iterations for 1e9 instructions, calls and cold starts are in instructions.",
)


@dataclass(frozen=True)
class Row:
    """One measurement: name, value (None: not measured yet), unit, and the aim, as 'at most' or 'at least'."""

    name: str
    value: float | None
    unit: str
    aim: float | None = None
    least: bool = False

    @property
    def met(self) -> str:
        """Whether the aim is reached, as the table says it."""
        if self.aim is None or self.value is None:
            return ""
        return "yes" if (self.value >= self.aim if self.least else self.value <= self.aim) else "no"

    @property
    def words(self) -> str:
        """The aim in words."""
        if self.aim is None:
            return ""
        return f"at {'least' if self.least else 'most'} {number(self.aim)}"

    @property
    def ratio(self) -> str:
        """The value as a part of the aim."""
        return "" if self.aim is None or self.value is None else f"{self.value / self.aim:.2f}"


def number(value: float | None) -> str:
    """A number as people read it."""
    if value is None:
        return "not measured"
    return f"{value:,.0f}" if value >= 10 else f"{value:.2f}"


def coremark(numbers: dict[str, int]) -> float:
    """Iterations in 1e9 instructions."""
    return ITERATIONS * GIGA / numbers["coremark"]


def rows(board: str, sizes: dict[str, dict[str, dict[str, int]]], speed: dict[str, dict[str, int]]) -> Iterator[Row]:
    """The measurements of one board, in the order of the issue that set the aims."""
    arm = board == "qemu-an505"
    firmware, ours = sizes["firmware"][board], speed.get("pulley", {})
    yield Row("flash of the whole board host", firmware["flash"], "B", (384 if arm else 480) * KIB)
    static = firmware["ram"] - firmware["heap"]
    yield Row("static RAM and heap without a workload", static + sizes["heap"][board]["idle"], "B", 24 * KIB)
    over = ours["component-heap"] - ours["component-linear-memory"] if ours else None
    yield Row("RAM over linear memory for each component", over, "B", 14 * KIB)
    yield Row("cold start from flash to the first call", ours.get("cold-start"), "instructions", 350_000)
    yield Row("call with one host call and a short text", ours.get("call"), "instructions", 8_000 if arm else None)
    peer, aim = ("wasmi", 0.8) if arm else ("wasm3", 0.6)
    ratio = coremark(ours) / coremark(speed[peer]) if ours and peer in speed else None
    yield Row(f"CoreMark with fuel against {peer}", ratio, "times", aim, least=True)
    yield Row("hello compiled for boards", sizes["components"]["hello"]["compiled"], "B", 8 * KIB)


def peers(speed: dict[str, dict[str, int]]) -> Iterator[str]:
    """Lines of the table that sets our engine beside other interpreters."""
    names = {
        "pulley": "Petiole (Wasmtime, Pulley), fuel",
        "wasmi": "wasmi 2.0, fuel",
        "wasm3": "wasm3 0.5, no metering",
    }
    for program, name in names.items():
        numbers = speed.get(program)
        if numbers is None:
            yield f"| {name} | not measured | | | |"
            continue
        yield (
            f"| {name} | {number(coremark(numbers))} | {number(numbers['call'])} | {number(numbers['cold-start'])} | "
            f"{number(numbers['flash'])} |"
        )


def header(*columns: str) -> list[str]:
    """The two lines that begin a table."""
    return [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]


def page(sizes: dict[str, dict[str, dict[str, int]]], speed: dict[str, dict[str, dict[str, int]]], notes: str) -> str:
    """The page as Markdown."""
    lines = [*HEAD]
    for board in BOARDS:
        lines += ["", f"## {board}", "", *header("What", "Measured", "Unit", "Aim", "Of the aim", "Met")]
        for row in rows(board, sizes, speed[board]):
            lines.append(f"| {row.name} | {number(row.value)} | {row.unit} | {row.words} | {row.ratio} | {row.met} |")
        lines += ["", *header("Engine", "CoreMark", "Call with one host call", "Cold start", "Flash of the program, B")]
        lines += peers(speed[board])
    lines += ["", "## Components", "", *header("Component", "Core module, B", "Component, B", "Compiled for boards, B")]
    for name, built in sizes["components"].items():
        lines.append(f"| {name} | {' | '.join(number(built[kind]) for kind in ('core', 'component', 'compiled'))} |")
    return "\n".join([*lines, "", notes.strip(), ""])


def tracked() -> str:
    """The page from the numbers that are tracked."""
    return page(json.loads(SIZES.read_text()), json.loads(SPEED.read_text()), NOTES.read_text())


def write() -> str:
    """Write the page; its text."""
    text = tracked()
    PAGE.write_text(text)
    return text
