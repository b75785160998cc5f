"""Start of the `petiole` command: says clearly what to install when its own libraries are missing."""

import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        from petiole.app import app  # noqa: PLC0415  (the libraries of `petiole[cli]` may be absent beside the agent)
    except ModuleNotFoundError as error:
        sys.exit(f"petiole: {error.name} is not installed; install petiole[cli] to use this command")
    app(prog_name="petiole")
