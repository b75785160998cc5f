"""Sizes of firmware, components and heap, written to `bench/sizes.json` (`make bench-size`).

firmware    flash: text, constants and initial data in bytes; ram: static data and room for the heap; heap: that room
components  the core module, the component, and the artifact compiled for boards, in bytes
heap        high-water of the board's heap in bytes without a workload, and with thermometer running
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.paths import BOARDS, SIZES
from bench.run import petiole, petiole_json
from hil.emulator import Emulator
from provisioning import boards
from provisioning.desk_install import confirm, install
from provisioning.smp_client import SmpClient
from wire.smp import Petiole

COMPONENTS = ("hello", "thermometer", "blinky")
PROBATION_SECONDS = 60
ENTROPY = bytes(range(32))


def firmware(board: str) -> dict[str, int]:
    """Flash and static RAM of a board's firmware, in bytes."""
    built = petiole_json("board", "build", board)
    return {"flash": built["flash"], "ram": built["ram"], "heap": boards.load(board).memory.heap}


def component(name: str) -> dict[str, int]:
    """Sizes of an example on its way to a board, in bytes."""
    built = petiole_json("component", "build", f"examples/{name}")
    return {kind: built[kind] for kind in ("core", "component", "compiled")}


def heap(board: str, folder: Path) -> dict[str, int]:
    """High-water of the heap of an emulated board in bytes, idle and with thermometer confirmed."""
    bundle, public = signed_thermometer(folder)
    anchor = bytes.fromhex(public)
    petiole("board", "flash", board, "--device-dir", str(folder / board))
    with Emulator(boards.load(board), folder / board) as emulator:
        emulator.wait_ready()
        with SmpClient(emulator.port) as client:
            client.write(Petiole.ENROLL, {"device": "bench", "site": "bench", "anchors": [anchor], "entropy": ENTROPY})
            idle = int(client.facts()["heap"]["peak"])
            confirm(client, install(client, bundle.read_bytes()), PROBATION_SECONDS)
            return {"idle": idle, "thermometer": int(client.facts()["heap"]["peak"])}


def signed_thermometer(folder: Path) -> tuple[Path, str]:
    """A bundle of thermometer for boards, and the public key in hex that it is signed for."""
    key, bundle = folder / "bench.key", folder / "thermometer.suit"
    if not key.exists():
        petiole("keys", "new", "bench", "--dir", str(folder))
        manifest = "examples/thermometer/workload.yaml"
        petiole("bundle", "make", "-f", manifest, "--key", str(key), "--target", "board", "-o", str(bundle))
    return bundle, petiole_json("keys", "show", str(key))["public_key"]


def measure() -> dict[str, Any]:
    """All sizes, which are also written to the file."""
    with tempfile.TemporaryDirectory(prefix="petiole-bench-") as folder:
        sizes = {
            "firmware": {board: firmware(board) for board in BOARDS},
            "components": {name: component(name) for name in COMPONENTS},
            "heap": {board: heap(board, Path(folder)) for board in BOARDS},
        }
    SIZES.write_text(json.dumps(sizes, indent=2) + "\n")
    return sizes


if __name__ == "__main__":
    measure()
    sys.stdout.write(SIZES.read_text())
