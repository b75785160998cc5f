"""Compiles one component and exits, so that the compiler's memory does not stay in the agent.

``python -m edge_host.compile COMPONENT ARTIFACT``: exit code 0 and the artifact, or 1 and one line on standard error.
"""

from __future__ import annotations

import sys
from pathlib import Path

import wasmtime
from wasmtime.component import Component

from edge_host.engine import new_engine


def main(arguments: list[str]) -> int:
    """Compile ``arguments[0]`` into the new file ``arguments[1]``."""
    source, target = (Path(argument) for argument in arguments)
    try:
        artifact = Component(new_engine(), source.read_bytes()).serialize()
        with target.open("xb") as file:
            file.write(artifact)
    except (wasmtime.WasmtimeError, OSError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
