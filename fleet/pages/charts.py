"""Live charts of a device: one for each measured quantity; the browser gets new points only and orders them by time."""

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from fastapi.concurrency import run_in_threadpool
from nicegui import ui

from fleet.operations import Operations
from fleet.pages.tones import unit_text
from fleet.services.clock import unix_ms
from fleet.views import MeasurementView

WINDOWS = {300_000: "5 min", 3_600_000: "1 h", 86_400_000: "24 h"}
MAX_POINTS = 10_000
LARGE = 10_000
Key = tuple[str, str, str | None]
"""Workload, name and unit of a quantity."""


@dataclass
class _Chart:
    reading: ui.label
    chart: ui.echart | None
    newest: int = 0


class Charts:
    """The charts of one open device page."""

    def __init__(self, fleet: Operations, device: str) -> None:
        self._fleet = fleet
        self._device = device
        self._window = 300_000
        self._after = 0
        self._charts: dict[Key, _Chart] = {}

    async def build(self) -> None:
        """Draws the panel with what was measured in the window."""
        with ui.element("div").classes("panel w-full"):
            with ui.row().classes("w-full items-center justify-between"):
                ui.label("Telemetry").classes("panel-title")
                ui.toggle(WINDOWS, value=self._window, on_change=self._choose).props(
                    "dense no-caps flat toggle-color=primary"
                )
            self._empty = ui.label("Nothing was measured in this time.").classes("quiet small py-4")
            self._body = ui.element("div").classes("w-full grid grid-cols-1 xl:grid-cols-2 gap-x-6 gap-y-2")
        await self._load()

    async def update(self) -> None:
        """Sends the points that were stored since the last time."""
        rows = await run_in_threadpool(self._fleet.telemetry, self._device, after=self._after, limit=MAX_POINTS)
        self._show(rows)

    async def _choose(self, event: Any) -> None:
        self._window = event.value
        self._charts.clear()
        self._body.clear()
        await self._load()

    async def _load(self) -> None:
        since = unix_ms() - self._window
        rows = await run_in_threadpool(self._fleet.telemetry_since, self._device, since, MAX_POINTS)
        if not self._after:
            newest = await run_in_threadpool(self._fleet.telemetry, self._device, limit=1)
            self._after = newest[-1].id if newest else 0
        self._show(rows)
        self._empty.set_visibility(not self._charts)

    def _show(self, rows: list[MeasurementView]) -> None:
        by_key: dict[Key, list[MeasurementView]] = defaultdict(list)
        for row in rows:
            by_key[row.workload, row.name, row.unit].append(row)
            self._after = max(self._after, row.id)
        for key, found in by_key.items():
            if key not in self._charts:
                self._charts[key] = self._add(key, is_text=isinstance(found[0].value, str))
                self._empty.set_visibility(False)
            self._extend(self._charts[key], key, found)

    def _add(self, key: Key, *, is_text: bool) -> _Chart:
        workload, name, unit = key
        with self._body, ui.element("div").classes("w-full"):
            with ui.row().classes("w-full items-baseline justify-between"):
                ui.label(f"{workload} · {name}").classes("small quiet")
                reading = ui.label().classes("reading").props(f"data-series={name}")
            chart = None if is_text else ui.echart(_options(unit)).classes("w-full h-44")
        return _Chart(reading, chart)

    def _extend(self, shown: _Chart, key: Key, rows: list[MeasurementView]) -> None:
        newest = max(rows, key=lambda row: row.time)
        if newest.time >= shown.newest:
            shown.newest = newest.time
            shown.reading.set_text(_reading(newest.value, key[2]))
        if shown.chart is not None:
            points = [[row.time, float(row.value)] for row in rows if not isinstance(row.value, str)]
            ui.run_javascript(f"petiole.append({shown.chart.id}, {json.dumps(points)}, {self._window})")


def _reading(value: float | str | bool, unit: str | None) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    text = value if isinstance(value, str) else _number(value)
    return f"{text} {unit_text(unit)}".rstrip()


def _number(value: float) -> str:
    """Four digits are what sensors are good for; large counts are written in full."""
    return f"{value:.4g}" if abs(value) < LARGE else f"{value:,.0f}"


def _options(unit: str | None) -> dict[str, Any]:
    return {
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 14, "bottom": 4, "containLabel": True},
        "tooltip": {"trigger": "axis", ":valueFormatter": f"value => value + {json.dumps(' ' + unit_text(unit))}"},
        "xAxis": {"type": "time", "splitLine": {"show": False}, "axisLabel": {"hideOverlap": True, "color": "#7c8a82"}},
        "yAxis": {
            "type": "value",
            "scale": True,
            "splitNumber": 3,
            "axisLabel": {"color": "#7c8a82"},
            "splitLine": {"lineStyle": {"color": "#7c8a8233"}},
        },
        "series": [
            {
                "type": "line",
                "showSymbol": False,
                "lineStyle": {"width": 2, "color": "#3a9a63"},
                "itemStyle": {"color": "#3a9a63"},
                "areaStyle": {"color": "#3a9a63", "opacity": 0.08},
                "data": [],
            }
        ],
    }
