"""A component in Python: reads a file of numbers and sends their mean, with nothing but Python's own library."""

import json
import os
from pathlib import Path

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import telemetry


class Handler(exports.Handler):
    """What the host calls on a schedule."""

    def run(self) -> None:
        """One run."""
        path = os.environ.get("READINGS", "/data/readings.json")
        try:
            readings = json.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise Err(f"{path}: {error.strerror}") from None
        print(f"{len(readings)} readings in {path}")
        telemetry.send_number("mean", "Cel", sum(readings) / len(readings))
