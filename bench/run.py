"""Runs `petiole` commands of this checkout."""

import json
import subprocess
import sys
from typing import Any

from bench.paths import ROOT


def petiole(*arguments: str) -> str:
    """What a `petiole` command prints."""
    command = [sys.executable, "-m", "petiole", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT, text=True).stdout


def petiole_json(*arguments: str) -> Any:
    """The JSON that a `petiole` command prints."""
    return json.loads(petiole(*arguments, "--json"))
