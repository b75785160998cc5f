"""Plugins for every test, which pytest takes from this file alone; what may run side by side, and what is quick."""

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")  # how long an example takes is the machine's affair, and says nothing of our code

PROGRAMS = {
    *("shared_broker", "board_program", "new_agent", "secure_broker", "wheel"),  # edge_host, home
    *("live_fleet", "tls_fleet", "leaf", "server", "browser"),  # fleet, and servers of single files
    *("hello", "build_example"),  # compilers
}
"""Fixtures that start other programs."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share something stay in one process (`--dist loadgroup`); tests of other programs get their mark.

    A board is used by one test at a time. What a file's tests share is made once.
    """
    for item in items:
        board = item.get_closest_marker("board")
        if board is not None:
            item.add_marker(pytest.mark.xdist_group(str(board.args[0])))
        elif isinstance(item, pytest.Function):
            if item.get_closest_marker("xdist_group") is None and _shares(item):
                item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
            if PROGRAMS & {*item.fixturenames}:
                item.add_marker(pytest.mark.programs)


def _shares(item: pytest.Function) -> bool:
    """Whether the test uses a fixture that is made once for its file."""
    found = item._fixtureinfo.name2fixturedefs.values()
    return any(definition.scope == "module" for definitions in found for definition in definitions)
