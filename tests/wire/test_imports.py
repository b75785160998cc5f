"""The agent installs without the command line's libraries, so what it imports of `wire` must do without them too."""

import subprocess
import sys

import pytest

FOR_THE_AGENT = ("cose", "descriptor", "interfaces", "messages", "names", "profiles", "senml", "smp", "suit", "topics")
FOREIGN = ("yaml", "cryptography", "pydantic", "typer", "rich", "httpx")


@pytest.mark.parametrize("module", FOR_THE_AGENT)
def test_no_library_of_the_command_line_is_imported(module: str) -> None:
    program = f"import sys, wire.{module}; print(*[name for name in {FOREIGN!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
