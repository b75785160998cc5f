"""`petiole demo`: the whole story on this machine."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from petiole.demo.chapters import attacks, outage, setting, workloads
from petiole.demo.errors import StoryError
from petiole.demo.processes import Processes
from petiole.demo.stage import Stage

CHAPTERS = (
    setting.build,
    setting.site_up,
    setting.enroll,
    workloads.first_workloads,
    workloads.world_changes,
    workloads.update,
    workloads.bad_release,
    outage.plug_pulled,
    outage.hub_away,
    attacks.attacks,
)

app = typer.Typer(help="Show the whole story on this machine: emulated boards, real brokers, real signatures.")


def checkout() -> Path:
    """The checkout that the demo builds firmware from: PETIOLE_ROOT, else the folder this package lies in.

    Raises StoryError if neither holds the firmware.
    """
    root = Path(os.environ.get("PETIOLE_ROOT", Path(__file__).parents[2]))
    if not (root / "firmware" / "Cargo.toml").is_file():
        raise StoryError(f"{root} holds no firmware to build; run `make demo` in a checkout of Petiole")
    return root


@app.callback(invoke_without_command=True)
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running at the end.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write the steps and their seconds to this file as JSON.")] = None,
    state: Annotated[Path | None, typer.Option(help="Folder for logs and state (default: a temporary one).")] = None,
) -> None:
    """Run the story from firmware build to refused attacks.

    Ends with code 0 if every step held, with 1 and the reason otherwise. Needs a checkout (`make demo`).
    """
    console = Console(width=max(100, shutil.get_terminal_size().columns))
    folder = Path(tempfile.mkdtemp(prefix="petiole-demo-")) if state is None else state
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, stop_on_signal)
    started = time.monotonic()
    processes = Processes(folder / "logs")
    processes.logs.mkdir(exist_ok=True)
    held = False
    try:
        stage = Stage(checkout(), folder, console, processes)
        for chapter in CHAPTERS:
            chapter(stage)
        held = True
        summary(stage, time.monotonic() - started)
        if report:
            report.write_text(json.dumps({"steps": [vars(step) for step in stage.steps], "facts": stage.facts}))
        if keep:
            leave_running(stage)
    except (StoryError, subprocess.TimeoutExpired) as error:
        console.print(f"\n[red]✗ {escape(str(error))}[/]", highlight=False)
    except KeyboardInterrupt:
        console.print("\nStopped.")
    finally:
        if not (held and keep):
            processes.stop_all()
    if not held:
        console.print(f"Logs and state: {folder}")
        raise typer.Exit(1)
    if not keep and state is None:
        shutil.rmtree(folder, ignore_errors=True)


def stop_on_signal(number: int, _frame: FrameType | None) -> None:
    """Turns SIGTERM into an orderly end, so that no child stays behind."""
    raise KeyboardInterrupt(number)


def summary(stage: Stage, seconds: float) -> None:
    """Prints what held, with its time."""
    table = Table(title=f"Every step held, {seconds:.0f} s in all", title_justify="left")
    table.add_column("Step")
    table.add_column("Seconds", justify="right")
    table.add_column("Result")
    for step in stage.steps:
        table.add_row(escape(step.title), f"{step.seconds:.1f}", escape(step.result))
    stage.console.print()
    stage.console.print(table)


def leave_running(stage: Stage) -> None:
    """Prints where the dashboard is and how to end what was left running."""
    numbers = " ".join(str(process.child.pid) for process in stage.processes.running.values())
    stage.console.print(f"\nDashboard: [link]{stage.fleet_url}[/link]\nState and logs: {stage.folder}")
    stage.console.print(f"To end it: kill {numbers}")
    sys.stdout.flush()
