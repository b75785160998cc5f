"""One device: what it runs and shall run, its telemetry, its events and its history."""

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from nicegui import ui

from fleet.errors import FleetError, NotFoundError
from fleet.operations import Operations
from fleet.pages.charts import Charts
from fleet.pages.deploy import open_deploy_dialog
from fleet.pages.events import KINDS, LEVELS, Events
from fleet.pages.frame import chip, frame, keep_up, moment
from fleet.pages.tones import STATUS_TONES, state_tone
from fleet.services.clock import unix_ms
from fleet.services.devices import status
from fleet.views import DeviceView, TransitionView, WorkloadView

HISTORY = 40
PING_S = 5
MAX_FACTS = 60


class DevicePage:
    """One open page of one device."""

    def __init__(
        self, fleet: Operations, device: DeviceView, history: list[TransitionView], wanted: dict[str, str]
    ) -> None:
        self._fleet = fleet
        self._device = device
        self._history = history
        self._seen = fleet.changes.newest
        self._charts = Charts(fleet, device.device)
        self._events = Events(fleet, device.device, wanted)

    async def build(self) -> None:
        """Draws the page with what is known now."""
        self._head()
        with ui.element("div").classes("w-full grid grid-cols-1 lg:grid-cols-3 gap-4 items-start"):
            with ui.column().classes("lg:col-span-2 gap-4 w-full"):
                self._workloads()
                await self._charts.build()
                await self._events.build()
            with ui.column().classes("gap-4 w-full"):
                self._timeline()
                self._facts()
        keep_up(self.update)

    async def update(self) -> None:
        """Redraws what changed."""
        newest = self._fleet.changes.last(self._device.device)
        aged = status(self._device.last_seen, unix_ms()) != self._device.status
        if newest <= self._seen and not aged:
            return
        self._seen = newest
        try:
            device, history = await run_in_threadpool(load, self._fleet, self._device.device)
        except NotFoundError:
            ui.notify(f"{self._device.device} was removed from the fleet.", type="warning")
            ui.navigate.to("/")
            return
        before, self._device = self._device, device
        self._head.refresh()
        if (before.workloads, before.desired, before.revision) != (device.workloads, device.desired, device.revision):
            self._workloads.refresh()
        if history != self._history:
            self._history = history
            self._timeline.refresh()
        if before.facts != device.facts:
            self._facts.refresh()
        await self._charts.update()
        await self._events.update()

    @ui.refreshable_method
    def _head(self) -> None:
        device = self._device
        with ui.row().classes("w-full items-center gap-3"):
            ui.label(device.device).classes("text-2xl font-semibold")
            chip(device.status, STATUS_TONES[device.status])
            ui.label(f"{device.kind} at {device.site}").classes("quiet")
            ui.space()
            with ui.row().classes("items-center gap-5 small"):
                self._stat("Last seen", lambda: moment(device.last_seen))
                self._stat("Waiting in its queue", lambda: _queue(device))
                self._stat("Settings", lambda: chip(*_sync(device)))
                ui.button("Ping", on_click=self._ping).props("outline dense no-caps padding='2px 12px'")

    def _stat(self, title: str, value: Any) -> None:
        with ui.column().classes("gap-0"):
            ui.label(title).classes("quiet")
            value()

    @ui.refreshable_method
    def _workloads(self) -> None:
        with ui.element("div").classes("panel w-full"):
            with ui.row().classes("w-full items-center justify-between pb-2"):
                ui.label("Workloads").classes("panel-title")
                ui.button("Deploy", on_click=self._deploy).props("flat dense no-caps padding='0 8px'")
            reported = {workload.name for workload in self._device.workloads}
            for workload in self._device.workloads:
                _workload(workload)
            for desired in self._device.desired:
                if desired.name not in reported:
                    with ui.row().classes("items-center gap-2 py-1"):
                        ui.label(f"{desired.name} {desired.version}").classes("font-medium")
                        chip("waiting for the device", "none")
            if not self._device.workloads and not self._device.desired:
                ui.label(
                    "Nothing is deployed here yet: petiole deploy workload.yaml --device " + self._device.device
                ).classes("quiet small")

    @ui.refreshable_method
    def _timeline(self) -> None:
        with ui.element("div").classes("panel w-full"):
            ui.label("History").classes("panel-title pb-1")
            if not self._history:
                ui.label("No change of state yet.").classes("quiet small")
            with ui.element("ol").classes("history"):
                for change in reversed(self._history):
                    _transition(change)

    @ui.refreshable_method
    def _facts(self) -> None:
        with ui.element("div").classes("panel w-full"):
            ui.label("Facts").classes("panel-title pb-2")
            with ui.element("dl").classes("facts"):
                for name, value in list(_identity(self._device)) + list(_flat(self._device.facts))[:MAX_FACTS]:
                    with ui.element("dt"):
                        ui.label(name)
                    with ui.element("dd").classes("mono"):
                        ui.label(value)

    async def _deploy(self) -> None:
        await open_deploy_dialog(self._fleet, self._device)

    async def _ping(self) -> None:
        name = self._device.device
        began = unix_ms()
        try:
            _, answer = await run_in_threadpool(self._fleet.send_command, name, "ping", {})
            await asyncio.wait_for(asyncio.wrap_future(answer), PING_S)
        except TimeoutError:
            ui.notify(f"{name} did not answer within {PING_S} s.", type="negative")
        except FleetError as error:
            ui.notify(error.message, type="negative")
        else:
            ui.notify(f"{name} answered after {unix_ms() - began} ms.", type="positive")


def load(fleet: Operations, device: str) -> tuple[DeviceView, list[TransitionView]]:
    """What the page shows of a device, beside its records."""
    return fleet.device(device), fleet.history(device, limit=HISTORY)


def _workload(workload: WorkloadView) -> None:
    tone = state_tone(workload.state)
    with ui.column().classes("w-full gap-1 py-1").props(f"data-workload={workload.name}"):
        with ui.row().classes("w-full items-center gap-2"):
            ui.label(f"{workload.name} {workload.version}").classes("font-medium")
            chip(workload.state, tone)
            if workload.previous:
                ui.label(f"{workload.previous} runs").classes("quiet small")
            ui.space()
            ui.label(f"release {workload.sequence}").classes("quiet small")
            ui.label(workload.release[:12]).classes("quiet mono").tooltip(workload.release)
        if workload.state == "downloading" and workload.size:
            ui.linear_progress(workload.offset / workload.size, show_value=False).props("rounded")
            ui.label(f"{workload.offset:,} of {workload.size:,} bytes").classes("quiet small")
        if workload.reason:
            with ui.row().classes(f"reason {tone} w-full gap-2"):
                ui.html(
                    f"<b>{'Rolled back' if workload.state == 'rolled-back' else workload.state.capitalize()}</b>",
                    sanitize=True,
                )
                ui.label(workload.reason)


def _transition(change: TransitionView) -> None:
    with ui.element("li").classes(state_tone(change.state)):
        with ui.row().classes("items-baseline gap-2 w-full"):
            ui.label(f"{change.workload} {change.version}").classes("font-medium")
            ui.label(change.state).classes("state")
            ui.space()
            moment(change.time).classes("quiet small")
        if change.reason:
            ui.label(change.reason).classes("small")


def _queue(device: DeviceView) -> None:
    telemetry, events = device.queue.get("telemetry", 0), device.queue.get("event", 0)
    with ui.row().classes("gap-1"):
        ui.label("nothing" if not telemetry and not events else f"{telemetry} values, {events} events")
        if oldest := device.queue.get("oldest"):
            ui.label("since").classes("quiet")
            moment(oldest)


def _sync(device: DeviceView) -> tuple[str, str]:
    revision = device.revision
    if revision.reported >= revision.desired:
        return "in sync", "good"
    return f"on the way ({revision.reported} of {revision.desired})", "busy"


def _identity(device: DeviceView) -> Iterator[tuple[str, str]]:
    yield "public key", device.public_key or "-"
    yield "profile", device.profile or "-"
    yield "class", device.class_id or "-"
    if device.rotation is not None and not device.rotation.done:
        yield "shall trust", ", ".join(device.rotation.anchors)


def _flat(value: Any, *path: str) -> Iterator[tuple[str, str]]:
    """Names and texts of a fact; what lies in a fact of many, such as a component's instances, is one text."""
    if isinstance(value, dict) and len(path) > 1:
        yield " ".join(path), ", ".join(f"{key} {item}" for key, item in value.items())
    elif isinstance(value, dict):
        for key, item in value.items():
            if path or key not in {"profile", "class", "key"}:
                yield from _flat(item, *path, str(key))
    elif isinstance(value, list):
        yield " ".join(path), ", ".join(str(item) for item in value)
    elif value is not None:
        yield " ".join(path), str(value)


def add_device_page(fleet: Operations) -> None:
    """Adds the page of a device."""

    @ui.page("/devices/{name}")
    async def device(request: Request, name: str) -> None:
        with frame(request, unquote(name), "Devices"):
            try:
                found, history = await run_in_threadpool(load, fleet, name)
            except NotFoundError as error:
                ui.label(error.message).classes("empty w-full")
                return
            query = request.query_params
            wanted = {
                "kind": query.get("kind", "") if query.get("kind") in KINDS else "",
                "level": query.get("level", "") if query.get("level") in LEVELS else "",
            }
            await DevicePage(fleet, found, history, wanted).build()
