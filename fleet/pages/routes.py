"""Hangs the dashboard into the fleet's web application."""

from fastapi import FastAPI

from fleet.operations import Operations


def add_dashboard(app: FastAPI, fleet: Operations) -> None:
    """Adds the pages."""
