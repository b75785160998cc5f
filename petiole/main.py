"""Start of the `petiole` command: what belongs to the agent works without the command's own libraries."""

import sys

from petiole import agent_commands


def main() -> None:
    """Run the command line and end the process with its exit code."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["agent"]:
        sys.exit(agent_commands.main(arguments[1:]))
    if arguments[:1] == ["status"] and "--local" in arguments:
        arguments.remove("--local")
        sys.exit(agent_commands.main(arguments))
    try:
        from petiole.app import app  # noqa: PLC0415  (the libraries of `petiole[cli]` may be absent beside the agent)
    except ModuleNotFoundError as error:
        sys.exit(
            f"petiole: {error.name} is not installed; install petiole[cli] to use this command\n"
            "  without it there are: petiole agent, petiole status --local"
        )
    app(prog_name="petiole")
