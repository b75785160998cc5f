"""All releases: what can be deployed, for which class of device, and on how many devices it runs."""

from collections import Counter, defaultdict
from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from nicegui import ui

from fleet.operations import Operations
from fleet.pages.frame import frame, keep_up

COLUMNS: list[dict[str, Any]] = [
    {"headerName": "Workload", "field": "workload", "width": 160},
    {"headerName": "Version", "field": "version", "width": 110},
    {"headerName": "Sequence", "field": "sequence", "width": 110, "type": "numericColumn"},
    {"headerName": "Made for", "field": "target", "flex": 1, "minWidth": 220},
    {"headerName": "Runs on", "field": "running", "width": 110, "type": "numericColumn"},
    {"headerName": "Code, bytes", "field": "size", "width": 120, "type": "numericColumn"},
    {"headerName": "Signature", "field": "signature", "width": 160, "tooltipField": "signature"},
    {"headerName": "Release", "field": "release", ":cellRenderer": "petiole.cells.digest", "width": 180},
    {"headerName": "Uploaded", "field": "created", ":cellRenderer": "petiole.cells.time", "width": 130, "sort": "desc"},
]


def release_rows(fleet: Operations) -> list[dict[str, Any]]:
    """One row for each release."""
    devices = fleet.devices()
    running = Counter(w.release for device in devices for w in device.workloads if w.state == "confirmed")
    targets: dict[str | None, set[str]] = defaultdict(set)
    for device in devices:
        targets[device.class_id].add(
            "edge hosts" if device.kind == "edge" else str(device.facts.get("board", "boards"))
        )
    return [
        {
            "release": release.release,
            "workload": release.workload,
            "version": release.version,
            "sequence": release.sequence,
            "target": ", ".join(sorted(targets[release.class_id])) or f"class {release.class_id}",
            "running": running[release.release],
            "size": release.size,
            "signature": release.refusal or "good",
            "created": release.created,
        }
        for release in fleet.releases()
    ]


def add_releases_page(fleet: Operations) -> None:
    """Adds the page of releases."""

    @ui.page("/releases")
    async def releases(request: Request) -> None:
        with frame(request, "Releases", "Releases"):
            shown = {row["release"]: row for row in await run_in_threadpool(release_rows, fleet)}
            grid = ui.aggrid(
                {
                    "columnDefs": COLUMNS,
                    "rowData": list(shown.values()),
                    ":getRowId": "params => params.data.release",
                    "defaultColDef": {"sortable": True, "resizable": True, "suppressHeaderMenuButton": True},
                    "overlayNoRowsTemplate": "No releases yet. Upload one: petiole deploy workload.yaml",
                    "rowHeight": 44,
                },
                auto_size_columns=False,
            ).classes("w-full")
            grid.style("height: calc(100vh - 140px); min-height: 320px")

            async def update() -> None:
                found = {row["release"]: row for row in await run_in_threadpool(release_rows, fleet)}
                changed = [row for release, row in found.items() if shown.get(release) != row]
                if changed:
                    transaction = {
                        "add": [row for row in changed if row["release"] not in shown],
                        "update": [row for row in changed if row["release"] in shown],
                    }
                    grid.run_grid_method("applyTransactionAsync", transaction)
                    shown.update(found)

            keep_up(update)
