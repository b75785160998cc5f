"""The events of a device: log lines, changes of state, stops; newest first, filtered by level and kind."""

import json
from typing import Any

from fastapi.concurrency import run_in_threadpool
from nicegui import ui

from fleet.operations import Operations
from fleet.views import EventView, StopView

SHOWN = 500
LEVELS = {
    "": "All levels",
    "debug": "Debug and up",
    "info": "Info and up",
    "warn": "Warnings and up",
    "error": "Errors",
}
KINDS = {"": "All kinds"} | {
    kind: kind for kind in ("log", "state", "stop", "refused", "limit", "boot", "link", "dropped", "message")
}

COLUMNS: list[dict[str, Any]] = [
    {"headerName": "Time", "field": "time", ":cellRenderer": "petiole.cells.clock", "width": 105, "sort": "desc"},
    {"headerName": "Kind", "field": "kind", "width": 90},
    {"headerName": "Level", "field": "level", ":cellRenderer": "petiole.cells.level", "width": 85},
    {"headerName": "Workload", "field": "workload", "width": 150},
    {"headerName": "Message", "field": "text", "flex": 1, "minWidth": 260, "tooltipField": "text"},
]


class Events:
    """The event table of one open device page."""

    def __init__(self, fleet: Operations, device: str, wanted: dict[str, str]) -> None:
        self._fleet = fleet
        self._device = device
        self._wanted = wanted
        self._after = 0

    async def build(self) -> None:
        """Draws the panel with the newest events."""
        rows = await run_in_threadpool(self._fleet.events, self._device, limit=SHOWN)
        self._after = max((row.id for row in rows), default=0)
        ui.add_head_html(f"<script>petiole.filters.events = {json.dumps(self._wanted)}</script>")
        with ui.element("div").classes("panel w-full"):
            with ui.row().classes("w-full items-center gap-3 pb-2"):
                ui.label("Events").classes("panel-title grow")
                self._select("kind", KINDS)
                self._select("level", LEVELS)
            self._grid = ui.aggrid(
                {
                    "columnDefs": COLUMNS,
                    "rowData": [cells(row) for row in rows],
                    ":getRowId": "params => String(params.data.id)",
                    ":isExternalFilterPresent": "() => true",
                    ":doesExternalFilterPass": "node => petiole.passes.events(petiole.filters.events, node.data)",
                    "defaultColDef": {"sortable": True, "resizable": True, "suppressHeaderMenuButton": True},
                    "overlayNoRowsTemplate": "No events yet.",
                    "rowHeight": 32,
                    "headerHeight": 34,
                    "enableCellTextSelection": True,
                },
                auto_size_columns=False,
            ).classes("w-full h-80")

    async def update(self) -> None:
        """Adds the events that were stored since the last time."""
        rows = await run_in_threadpool(self._fleet.events, self._device, after=self._after, limit=SHOWN)
        if rows:
            self._after = rows[-1].id
            self._grid.run_grid_method("applyTransactionAsync", {"add": [cells(row) for row in rows]})

    def _select(self, key: str, options: dict[str, str]) -> None:
        value = self._wanted[key] if self._wanted[key] in options else ""
        select = ui.select(options, value=value, on_change=lambda event: self._choose(**{key: event.value}))
        select.props(f"outlined dense options-dense aria-label={key}").classes("w-40")

    def _choose(self, **wanted: str) -> None:
        self._wanted |= wanted
        ui.run_javascript(f"petiole.setFilters('events', {json.dumps(self._wanted)}, {self._grid.id})")


def cells(event: EventView) -> dict[str, Any]:
    """One row of the table."""
    workload = " ".join(part for part in (event.workload, event.version) if part)
    state = " ".join(part for part in (event.state, event.reason) if part)
    context = f"[{event.context}]" if event.context else ""
    text = " ".join(part for part in (context, state, event.message, _stop(event.stop)) if part)
    return {
        "id": event.id,
        "time": event.time,
        "kind": event.kind,
        "level": event.level,
        "workload": workload,
        "text": text,
    }


def _stop(stop: StopView | None) -> str:
    """What a post-mortem says; `petiole logs` adds function and source line, on the machine that built the release."""
    if stop is None:
        return ""
    shown = [
        *(f"{name} {value:,}" for name in ("function", "pc", "fuel") if (value := getattr(stop, name)) is not None),
        *(f"{name} {value:,} bytes" for name in ("memory", "stack") if (value := getattr(stop, name))),
    ]
    if stop.up is not None:
        shown.append(f"up {stop.up / 1000:.1f} s")
    return f"({stop.component or 'component'}: {', '.join(shown)})"
