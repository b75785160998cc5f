"""Compiles one component and exits, so that the compiler's memory does not stay in the agent.

``python -m edge_host.compile ARTIFACT``, with the component on standard input: exit code 0 and the artifact, or 1 and
one line on standard error.
"""

from __future__ import annotations

import sys
from pathlib import Path

import wasmtime
from wasmtime.component import Component

from edge_host.engine import new_engine


def main(arguments: list[str]) -> int:
    """Compile standard input into the new file ``arguments[0]``."""
    try:
        artifact = Component(new_engine(), sys.stdin.buffer.read()).serialize()
        with Path(arguments[0]).open("xb") as file:
            file.write(artifact)
    except (wasmtime.WasmtimeError, OSError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
