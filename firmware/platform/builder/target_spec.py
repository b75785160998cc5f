"""Target descriptions for the compiler, where its own makes firmware larger than it must be."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

from paths import TARGETS

from provisioning.rust_toolchain import Toolchain

_KEY = "frame-pointer"


def without_frame_pointers(toolchain: Toolchain, folder: Path = TARGETS) -> Toolchain:
    """The toolchain with a description in `folder` by which no function keeps a frame pointer.

    rustc always keeps them on bare Arm, for debuggers; no flag takes them away. They cost 16 KB, and one of the eight
    registers that Thumb's short instructions reach. A toolchain that does not build `core` itself, whose compiler keeps
    none, or does not say how it describes the target, is given back as it is.
    """
    if not toolchain.builds_std:
        return toolchain
    compiler = [str(toolchain.rustc)] if toolchain.rustc else ["rustc", *toolchain.cargo[1:]]
    command = [*compiler, "-Zunstable-options", "--print", "target-spec-json", "--target", toolchain.target]
    environment = {**os.environ, "RUSTC_BOOTSTRAP": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        return toolchain
    described = json.loads(done.stdout)
    if described.get(_KEY, "may-omit") == "may-omit":
        return toolchain
    return replace(toolchain, spec=_write(folder, toolchain.target, {**described, _KEY: "may-omit"}))


def _write(folder: Path, target: str, described: dict[str, object]) -> Path:
    """The file, written only when it would change: cargo builds everything anew after a change."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{target}.json"
    text = json.dumps(described, indent=1, sort_keys=True)
    if not path.is_file() or path.read_text() != text:
        new = folder / f"{target}.{os.getpid()}"
        new.write_text(text)
        new.replace(path)
    return path
