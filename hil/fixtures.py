"""The fixtures of `hil.plugin`."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from hil import rig as rigs
from hil.board import BoardUnderTest
from hil.emulator import FIRMWARE
from hil.images import Images
from hil.locks import locked
from hil.rig import Rig
from provisioning.errors import ProvisioningError

LOCK_SECONDS = 600.0


@pytest.fixture(scope="session")
def rig(pytestconfig: pytest.Config) -> Rig:
    """The rig of this run."""
    path = pytestconfig.getoption("rig")
    try:
        return rigs.load(path) if path else rigs.default()
    except ProvisioningError as error:
        pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)


@pytest.fixture(scope="session")
def board_images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    """Flashed folders to copy from, built once a session."""
    return Images(tmp_path_factory.mktemp("images"))


@pytest.fixture
def board(request: pytest.FixtureRequest, rig: Rig, board_images: Images, tmp_path: Path) -> Iterator[BoardUnderTest]:
    """The board that the test's marker names: locked, freshly flashed, running; `options` go to QEMU."""
    marker = request.node.get_closest_marker("board")
    if marker is None or len(marker.args) != 1:
        pytest.fail('the fixture `board` needs one @pytest.mark.board("name")', pytrace=False)
    entry = rig.find(marker.args[0])
    if entry is None:
        _absent(request, f"rig {rig.name} has no board {marker.args[0]!r}, only: {', '.join(rig.boards) or 'none'}")
    folder = tmp_path / entry.name
    with locked(rig.lock_dir, entry.name, seconds=LOCK_SECONDS, purpose=request.node.nodeid):
        try:
            board_images.place(entry.board, folder)
            powered = BoardUnderTest(entry, folder, request.node.name, marker.kwargs.get("options", ()))
        except ProvisioningError as error:
            _absent(request, str(error))
        firmware = hashlib.sha256((folder / FIRMWARE).read_bytes()).hexdigest()
        request.node.user_properties += [("rig", rig.name), ("board", entry.name), ("firmware", firmware)]
        request.node.serial_log = powered.log
        with powered:
            yield powered


def _absent(request: pytest.FixtureRequest, reason: str) -> NoReturn:
    if request.config.getoption("rig_strict"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
