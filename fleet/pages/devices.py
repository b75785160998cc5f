"""The start page: all devices in a table that keeps itself up to date, with filters that live in the address."""

import json
from collections import Counter
from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from nicegui import ui

from fleet.operations import Operations
from fleet.pages.frame import frame, keep_up
from fleet.services.clock import unix_ms
from fleet.services.devices import status
from fleet.views import DeviceView

TILES = (
    ("", "All devices"),
    ("online", "Online"),
    ("offline", "Offline"),
    ("pending", "Pending"),
    ("attention", "Attention"),
)
ATTENTION = {"rolled-back", "failed"}
FILTERS = ("q", "status", "kind", "site")

COLUMNS: list[dict[str, Any]] = [
    {"headerName": "Status", "field": "status", ":cellRenderer": "petiole.cells.chip", "width": 115},
    {"headerName": "Device", "field": "device", ":cellRenderer": "petiole.cells.device", "width": 170, "sort": "asc"},
    {"headerName": "Kind", "field": "kind", "width": 90},
    {"headerName": "Site", "field": "site", "width": 140},
    {
        "headerName": "Workloads",
        "field": "workloads",
        ":cellRenderer": "petiole.cells.workloads",
        "cellDataType": False,
        ":comparator": "(a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))",
        "flex": 1,
        "minWidth": 300,
    },
    {"headerName": "Queue", "field": "queued", "width": 95, "type": "numericColumn"},
    {"headerName": "Last seen", "field": "last_seen", ":cellRenderer": "petiole.cells.time", "width": 125},
]


class DevicesPage:
    """One open page of the device table."""

    def __init__(self, fleet: Operations, wanted: dict[str, str]) -> None:
        self._fleet = fleet
        self._wanted = wanted
        self._seen = fleet.changes.newest
        self._rows: dict[str, DeviceView] = {}
        self._counts: dict[str, ui.label] = {}
        self._tiles: dict[str, ui.element] = {}

    async def build(self) -> None:
        """Draws the page with what is known now."""
        for device in await run_in_threadpool(self._fleet.devices):
            self._rows[device.device] = device
        ui.add_head_html(f"<script>petiole.filters.devices = {_script_json(self._wanted)}</script>")
        with ui.row().classes("w-full gap-3"):
            for key, title in TILES:
                self._tile(key, title)
        self._filter_bar()
        self._grid = ui.aggrid(
            {
                "columnDefs": COLUMNS,
                "rowData": [_row(device) for device in self._rows.values()],
                ":getRowId": "params => params.data.device",
                ":isExternalFilterPresent": "() => true",
                ":doesExternalFilterPass": "node => petiole.passes.devices(petiole.filters.devices, node.data)",
                "defaultColDef": {"sortable": True, "resizable": True, "suppressHeaderMenuButton": True},
                "overlayNoRowsTemplate": "No devices yet. Enrol one: petiole device enroll NAME --site SITE",
                "rowHeight": 44,
                "asyncTransactionWaitMillis": 100,
            },
            auto_size_columns=False,
        ).classes("w-full")
        self._grid.style("height: calc(100vh - 265px); min-height: 320px")
        self._count()
        keep_up(self.update)

    async def update(self) -> None:
        """Sends the rows that changed since the last time, and those whose status changed as time passed."""
        self._seen, changed = self._fleet.changes.since(self._seen)
        now = unix_ms()
        changed |= {name for name, row in self._rows.items() if status(row.last_seen, now) != row.status}
        if not changed:
            return
        found = {device.device: device for device in await run_in_threadpool(self._fleet.devices, changed)}
        transaction = {
            "add": [_row(device) for name, device in found.items() if name not in self._rows],
            "update": [_row(device) for name, device in found.items() if name in self._rows],
            "remove": [{"device": name} for name in changed - found.keys() if name in self._rows],
        }
        self._rows = {name: row for name, row in self._rows.items() if name not in changed} | found
        self._grid.run_grid_method("applyTransactionAsync", transaction)
        self._count()

    def _tile(self, key: str, title: str) -> None:
        with ui.element("div").classes("panel tile").on("click", lambda: self._choose(status=key)) as tile:
            ui.label(title).classes("quiet small")
            self._counts[key] = ui.label().classes("count")
        tile.props(f"data-tile={key or 'all'} role=button tabindex=0")
        self._tiles[key] = tile

    def _filter_bar(self) -> None:
        sites = sorted({row.site for row in self._rows.values()} | ({self._wanted["site"]} - {""}))
        with ui.row().classes("w-full items-center gap-3"):
            search = ui.input(
                placeholder="Search device, site, workload, version, state",
                value=self._wanted["q"],
                on_change=lambda event: self._choose(q=event.value or ""),
            )
            search.props("outlined dense clearable debounce=150").classes("grow")
            with search.add_slot("prepend"):
                ui.icon("search")
            self._select("Kind", "kind", {"": "All kinds", "edge": "Edge hosts", "board": "Boards"})
            self._select("Site", "site", {"": "All sites"} | {site: site for site in sites})

    def _select(self, label: str, key: str, options: dict[str, str]) -> None:
        value = self._wanted[key] if self._wanted[key] in options else ""
        select = ui.select(options, value=value, on_change=lambda event: self._choose(**{key: event.value}))
        select.props(f"outlined dense aria-label={label}").classes("w-40")

    def _choose(self, **wanted: str) -> None:
        self._wanted |= wanted
        ui.run_javascript(f"petiole.setFilters('devices', {_script_json(self._wanted)}, {self._grid.id})")
        self._mark_tile()

    def _count(self) -> None:
        counts = Counter(row.status for row in self._rows.values())
        attention = sum(any(w.state in ATTENTION for w in row.workloads) for row in self._rows.values())
        values = {
            "": len(self._rows),
            "attention": attention,
            **{key: counts[key] for key in ("online", "offline", "pending")},
        }
        for key, value in values.items():
            self._counts[key].set_text(str(value))
        self._mark_tile()

    def _mark_tile(self) -> None:
        for key, tile in self._tiles.items():
            tile.classes(
                add="chosen" if key == self._wanted["status"] else None,
                remove=None if key == self._wanted["status"] else "chosen",
            )


def _row(device: DeviceView) -> dict[str, Any]:
    return {
        "device": device.device,
        "status": device.status,
        "kind": device.kind,
        "site": device.site,
        "last_seen": device.last_seen,
        "queued": sum(count for key in ("telemetry", "event") if isinstance(count := device.queue.get(key), int)),
        "workloads": [
            {"name": w.name, "version": w.version, "state": w.state, "reason": w.reason, "previous": w.previous}
            for w in device.workloads
        ],
    }


def _script_json(value: object) -> str:
    """JSON that may stand in a script element."""
    return json.dumps(value).replace("<", "\\u003c")


def add_devices_page(fleet: Operations) -> None:
    """Adds the start page."""

    @ui.page("/")
    async def devices(request: Request) -> None:
        wanted = {key: request.query_params.get(key, "") for key in FILTERS}
        with frame(request, "Devices", "Devices"):
            await DevicesPage(fleet, wanted).build()
