"""The pytest plugin: a `board` fixture gives a locked, freshly flashed, running board.

```python
@pytest.mark.board("qemu-an505")
def test_says_hello(board):
    with board.client() as client:
        assert client.facts()["board"] == "qemu-an505"
    board.restart()
    board.set_sensor("i2c-env", 31.5)
```
`--rig FILE` names the boards there are (default: every emulated one); a test whose board is missing is skipped with the
reason, or fails with `--rig-strict`. The serial log of a failed test is shown with it and kept in `--rig-logs DIR`.

pytest loads this module in every run, so it imports nothing heavy; the fixtures are in `hil.fixtures`.
"""

import contextlib
import re
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

SHOWN_LINES = 60


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of a rig."""
    group = parser.getgroup("rig", "boards under test")
    group.addoption("--rig", type=Path, metavar="FILE", help="rig file; default: every board with an emulator")
    group.addoption("--rig-strict", action="store_true", help="fail where a test would be skipped for want of a board")
    group.addoption(
        "--rig-logs", type=Path, metavar="DIR", default=Path(".cache/rig-logs"), help="folder for logs of failed tests"
    )


def pytest_configure(config: pytest.Config) -> None:
    """The marker of board tests, and the fixtures if what they need is installed (`petiole[hil]`)."""
    config.addinivalue_line(
        "markers",
        "board(name, options=()): the board of the rig that the test runs on, and more options for its emulator",
    )
    with contextlib.suppress(ImportError):
        config.pluginmanager.import_plugin("hil.fixtures")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Shows and keeps the serial log of a failed test."""
    report = yield
    log: Path | None = getattr(item, "serial_log", None)
    if report.failed and log is not None and log.is_file():
        folder: Path = item.config.rootpath / item.config.getoption("rig_logs")
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / f"{re.sub(r'[^A-Za-z0-9.=-]+', '_', item.nodeid)}.log"
        shutil.copyfile(log, kept)
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-SHOWN_LINES:])
        report.sections.append((f"serial log, all of it in {kept}", tail))
    return report
