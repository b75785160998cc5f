"""Plugins for every test, which pytest takes from this file alone, and what may run side by side."""

import pytest

pytest_plugins = ["pytester"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one board stay in one process (`--dist loadgroup`): a board is used by one test at a time."""
    for item in items:
        marker = item.get_closest_marker("board")
        if marker is not None:
            item.add_marker(pytest.mark.xdist_group(str(marker.args[0])))
