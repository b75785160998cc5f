"""Other people's implementations of our formats, each in an environment of its own under `.cache/foreign`.

Their requirements exclude each other (cwt needs cbor2 < 6, smp needs cbor2 >= 6). An environment is made when a test
first needs it and used again as long as its requirements stay; without a package registry that fails, and says so.
A script beside this file runs in the environment: JSON on its standard input, JSON on its standard output.
"""

import fcntl
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FOLDER = HERE.parents[2] / ".cache" / "foreign"


@dataclass(frozen=True)
class Foreign:
    """A script in an environment with the given requirements."""

    name: str
    requirements: tuple[str, ...]

    def __call__(self, function: str, **arguments: Any) -> Any:
        """What the script's `function` returns; byte strings travel as hex."""
        done = subprocess.run(
            [self._python(), HERE / f"with_{self.name}.py"],
            input=json.dumps([function, arguments]),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{self.name} failed:\n{done.stderr}"
        return json.loads(done.stdout)

    def program(self, name: str) -> Path:
        """A program that the requirements install."""
        return self._python().with_name(name)

    def _python(self) -> Path:
        folder = FOLDER / self.name
        python, stamp = folder / "bin" / "python", folder / "requirements"
        wanted = "\n".join((sys.version, *self.requirements))
        FOLDER.mkdir(parents=True, exist_ok=True)
        with (FOLDER / f"{self.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not stamp.is_file() or stamp.read_text() != wanted:
                _run(sys.executable, "-m", "venv", "--clear", str(folder))
                _run(str(python), "-m", "pip", "install", "--quiet", *self.requirements)
                stamp.write_text(wanted)
        return python


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        f"cannot make the environment of a foreign implementation (is a package registry reachable?):\n"
        f"{' '.join(command)}\n{done.stderr}"
    )


CWT = Foreign("cwt", ("cwt==3.3.0",))
SMP = Foreign("smp", ("smp==4.2.0",))
SMPCLIENT = Foreign("smpclient", ("smpmgr==0.19.1",))
