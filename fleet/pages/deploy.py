"""The dialog with which a release is deployed to a device or taken from it."""

from fastapi.concurrency import run_in_threadpool
from nicegui import ui

from fleet.errors import FleetError
from fleet.operations import Operations
from fleet.views import DeviceView


async def open_deploy_dialog(fleet: Operations, device: DeviceView) -> None:
    """Offers the releases that are made for the device's class, and the removal of what is deployed."""
    releases = await run_in_threadpool(fleet.releases)
    fitting = {r.release: r for r in releases if r.class_id == device.class_id and r.refusal is None}
    with ui.dialog() as dialog, ui.card().classes("panel w-96"):
        ui.label(f"Deploy to {device.device}").classes("panel-title")
        if fitting:
            options = {digest: f"{r.workload} {r.version} (release {r.sequence})" for digest, r in fitting.items()}
            choice = ui.select(options, value=next(iter(options)), label="Release").props("outlined dense")
            choice.classes("w-full")
        else:
            ui.label("No release is made for this class of device yet.").classes("quiet small")
        for desired in device.desired:
            with ui.row().classes("w-full items-center justify-between"):
                ui.label(f"{desired.name} {desired.version}").classes("small")
                remove = ui.button("Remove").props("flat dense no-caps color=negative")
                remove.on_click(lambda name=desired.name: dialog.submit(("remove", name)))
        with ui.row().classes("w-full justify-end"):
            ui.button("Cancel", on_click=lambda: dialog.submit(None)).props("flat no-caps")
            if fitting:
                ui.button("Deploy", on_click=lambda: dialog.submit(("deploy", choice.value))).props("no-caps")
        answer = await dialog
        dialog.delete()
    if answer is None:
        return
    action, what = answer
    try:
        if action == "deploy":
            await run_in_threadpool(fleet.deploy, device.device, fitting[what].workload, what)
        else:
            await run_in_threadpool(fleet.undeploy, device.device, what)
    except FleetError as error:
        ui.notify(error.message, type="negative")
    else:
        ui.notify(f"{device.device} gets its new settings.", type="positive")
