"""The tutorials are run as they stand: their files are written and their commands executed."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUTORIALS = sorted((ROOT / "docs" / "tutorial").glob("*.md"))
FENCE = re.compile(r"^```(?P<language>\w+)(?:[ ]+file=(?P<file>\S+))?\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Command:
    line: str
    output: list[str] = field(default_factory=list)


def commands(body: str) -> list[Command]:
    found: list[Command] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            found.append(Command(line[2:]))
        elif line.strip() and line.strip() != "...":
            found[-1].output.append(line.strip())
    return found


def run(command: Command, folder: Path) -> None:
    bin_folder = str(Path(sys.executable).parent)
    environment = os.environ | {
        "PETIOLE_ROOT": str(ROOT),
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "COLUMNS": "160",
    }
    done = subprocess.run(
        ["bash", "-c", command.line],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    printed = done.stdout + done.stderr
    assert done.returncode == 0, f"{command.line}\n{printed}"
    for expected in command.output:
        pattern = ".*".join(re.escape(part.strip()) for part in expected.split("..."))
        assert re.search(pattern, printed), f"{command.line}\nshould print: {expected}\nprinted: {printed}"


@pytest.mark.system
@pytest.mark.timeout(900)
@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial_works_as_written(tutorial: Path, tmp_path: Path) -> None:
    for name in ("examples", "wit", "firmware", "boards"):
        (tmp_path / name).symlink_to(ROOT / name)
    blocks = list(FENCE.finditer(tutorial.read_text()))
    ran = 0
    for block in blocks:
        if block["file"]:
            target = tmp_path / block["file"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block["body"])
        elif block["language"] == "console":
            for command in commands(block["body"]):
                run(command, tmp_path)
                ran += 1
    assert ran, f"{tutorial.name} has no command to run"
