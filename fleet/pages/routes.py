"""Hangs the dashboard into the fleet's web application."""

from fastapi import FastAPI
from nicegui import ui

from fleet.operations import Operations
from fleet.pages.device import add_device_page
from fleet.pages.devices import add_devices_page
from fleet.pages.frame import FAVICON, add_static_files
from fleet.pages.releases import add_releases_page


def add_dashboard(app: FastAPI, fleet: Operations) -> None:
    """Adds the pages under `/`. NiceGUI has one application a process, so this can be done once in each."""
    add_static_files()
    add_devices_page(fleet)
    add_device_page(fleet)
    add_releases_page(fleet)
    ui.run_with(app, title="Petiole", favicon=FAVICON, dark=None, show_welcome_message=False)
