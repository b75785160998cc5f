"""Gives PlatformIO its build tool without its package registry.

PlatformIO runs builds by SCons, which it fetches from its own registry as the package `tool-scons`. The same SCons is
on PyPI (`scons`): where that is installed the package is put together from it, so that a build needs no registry.
"""

import importlib.util
import json
import shutil
from pathlib import Path

NAME = "tool-scons"
VERSION = "4.41101.0"
LAUNCHER = '"""Starts SCons."""\n\nimport SCons.Script\n\nSCons.Script.main()\n'


def ensure(packages: Path) -> None:
    """Puts `tool-scons` into PlatformIO's packages folder; without PyPI's `scons` that is left to PlatformIO."""
    spec = importlib.util.find_spec("SCons")
    if (packages / NAME / ".piopm").is_file() or spec is None or spec.origin is None:
        return
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
