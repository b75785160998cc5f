"""Plugins for every test; pytest takes their names from this file alone."""

pytest_plugins = ["pytester"]
