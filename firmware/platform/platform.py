"""PlatformIO's view of the boards: it reads `boards/*.toml` where other platforms keep JSON files."""

import sys
from pathlib import Path
from typing import Any

from platformio import exception
from platformio.platform.base import PlatformBase
from platformio.platform.board import PlatformBoardConfig
from platformio.platform.exception import UnknownBoard

sys.path.append(str(Path(__file__).resolve().parent / "builder"))

import board_files
import scons_offline


class TomlBoardConfig(PlatformBoardConfig):
    """One board; the whole TOML is under the key `petiole`."""

    def __init__(self, name: str) -> None:
        self._id = name
        self.manifest_path = str(board_files.path_of(name))
        board = board_files.load(name)
        self._manifest = {
            "name": board["title"],
            "url": "https://www.qemu.org" if "emulator" in board else "",
            "vendor": "QEMU" if "emulator" in board else board["chip"]["name"],
            "build": {"mcu": board["chip"]["name"], "f_cpu": f"{board['chip']['frequency_hz']}L"},
            "upload": {
                "maximum_size": board["firmware"]["max_flash"],
                "maximum_ram_size": board["memory"]["ram"],
                "protocol": "image",
            },
            "petiole": board,
        }


class PetiolePlatform(PlatformBase):
    """The development platform."""

    def get_boards(self, id_: str | None = None) -> Any:
        """One board's config, or all by name."""
        try:
            if id_ is None:
                return {name: TomlBoardConfig(name) for name in board_files.names()}
            if id_ not in board_files.names():
                raise UnknownBoard(id_)
            return TomlBoardConfig(id_)
        except (board_files.BoardError, KeyError) as error:
            raise exception.UserSideException(f"boards/{id_ or '*'}.toml: {error}") from error

    def configure_default_packages(self, options: Any, targets: list[str]) -> Any:
        """Called before PlatformIO looks for its packages: the first moment to put its build tool in place."""
        scons_offline.ensure(Path(self.config.get("platformio", "packages_dir")))
        return super().configure_default_packages(options, targets)
