"""Gives PlatformIO its build tool where its package registry cannot be reached.

PlatformIO runs builds by SCons, which it fetches from its own registry as the package `tool-scons`. The same SCons is
on PyPI (`scons`), so where the registry is out of reach the package is put together from that.
"""

import importlib.util
import json
import shutil
import socket
from pathlib import Path

NAME = "tool-scons"
VERSION = "4.41101.0"
LAUNCHER = '"""Starts SCons."""\n\nimport SCons.Script\n\nSCons.Script.main()\n'
PATIENCE_SECONDS = 3.0


class SconsError(Exception):
    """The package cannot be put together; the text says what to install."""


def ensure(packages: Path, registry_hosts: list[str]) -> None:
    """Makes sure that `tool-scons` is in PlatformIO's packages folder, or that PlatformIO can fetch it itself.

    Raises SconsError when neither the registry nor PyPI's `scons` is there.
    """
    if (packages / NAME / ".piopm").is_file() or _reachable(registry_hosts):
        return
    spec = importlib.util.find_spec("SCons")
    if spec is None or spec.origin is None:
        raise SconsError("PlatformIO's registry cannot be reached, and SCons is not installed; run `pip install scons`")
    _assemble(packages / NAME, Path(spec.origin).parent)


def _assemble(folder: Path, scons: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(scons, folder / "SCons", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "scons.py").write_text(LAUNCHER)
    (folder / "package.json").write_text(json.dumps({"name": NAME, "version": VERSION}))
    origin = {"owner": "platformio", "id": None, "name": NAME, "requirements": None, "uri": None}
    record = {"type": "tool", "name": NAME, "version": VERSION, "spec": origin}
    (folder / ".piopm").write_text(json.dumps(record))


def _reachable(hosts: list[str]) -> bool:
    for host in hosts:
        try:
            socket.create_connection((f"api.{host}", 443), PATIENCE_SECONDS).close()
        except OSError:
            continue
        return True
    return False
