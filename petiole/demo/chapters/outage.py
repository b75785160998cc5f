"""Chapter 8: the plug of a board is pulled in the middle of a transfer, then the hub is away for twenty seconds."""

import re
import subprocess
import time
from typing import Any

from petiole.demo.chapters.telemetry import gaps_and_doubles, newest_id, readings
from petiole.demo.chapters.workloads import LM75, running_version
from petiole.demo.errors import StoryError
from petiole.demo.processes import petiole
from petiole.demo.stage import SENSOR_BOARD, Stage

HUB_AWAY_SECONDS = 20
PROGRESS = re.compile(r"downloading\D*(\d+)\D+(\d+)")
RESUMED = re.compile(r"resumed at (\d+) of (\d+)")


def plug_pulled(stage: Stage) -> None:
    """A board loses power while a second workload comes in, and goes on where it stopped."""
    stage.chapter(8, "The plug is pulled")
    before = running_version(stage)
    with stage.step(f"{SENSOR_BOARD} killed in the middle of a transfer") as result:
        deployment = start_deployment(stage)
        offset, size = wait_for_the_middle(deployment)
        stage.processes.kill(SENSOR_BOARD)
        result.append(f"SIGKILL at about {offset} of {size} bytes")
    with stage.step("started again on the same flash image; the thermometer runs in the meantime") as result:
        after = newest_id(stage, SENSOR_BOARD)
        stage.processes.restart(SENSOR_BOARD)
        stage.wait_for(
            "a reading of the thermometer after the restart",
            lambda: any(row["unit"] == "K" for row in readings(stage, SENSOR_BOARD, after)),
        )
        result.append(f"readings of {before} arrive")
    with stage.step("the transfer goes on where it stopped") as result:
        printed, _ = deployment.communicate(timeout=120)
        if deployment.returncode != 0:
            raise StoryError(f"the deployment did not end in confirmed:\n{printed}")
        result.append(f"{resumption(stage)}, confirmed")


def start_deployment(stage: Stage) -> subprocess.Popen[str]:
    """Starts `petiole deploy --wait` of code that the board has nothing like, so that no patch makes it short."""
    key = str(stage.folder / "keys" / "release.key")
    command = petiole(
        *("deploy", str(LM75 / "workload.yaml"), "--device", SENSOR_BOARD, "--key", key),
        *("--fleet", stage.fleet_url, "--wait", "--no-build"),
    )
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=stage.root)


def wait_for_the_middle(deployment: subprocess.Popen[str]) -> tuple[int, int]:
    """Reads the deployment's output until half of the code is on the board; returns offset and size in bytes."""
    seen = []
    for line in deployment.stdout or ():
        seen.append(line)
        progress = PROGRESS.search(line)
        if progress and int(progress[2]) <= 2 * int(progress[1]) < 2 * int(progress[2]):
            return int(progress[1]), int(progress[2])
    raise StoryError(f"the transfer was never seen in its middle:\n{''.join(seen)}")


def resumption(stage: Stage) -> str:
    """What the agent said about the resumed transfer. Raises StoryError if it began again from the start."""
    events = stage.fleet("logs", SENSOR_BOARD, "--kind", "state", "--limit", "200")
    found = [RESUMED.search(event.get("message") or "") for event in events]
    offsets = [match for match in found if match and int(match[1]) > 0]
    if not offsets:
        raise StoryError(f"no event of {SENSOR_BOARD} says that the transfer resumed after byte 0")
    return offsets[-1][0]


def hub_away(stage: Stage) -> None:
    """Hub and fleet stop for twenty seconds; nothing is lost and nothing is stored twice."""
    with stage.step(f"hub and fleet stopped for {HUB_AWAY_SECONDS} s") as result:
        before = newest_id(stage, SENSOR_BOARD)
        stage.processes.stop("fleet")
        away = time.time() * 1000
        time.sleep(HUB_AWAY_SECONDS)
        back = time.time() * 1000
        stage.processes.restart("fleet")
        result.append("started again")
    with stage.step("the telemetry of those seconds arrives, complete and once") as result:
        rows = stage.wait_for(
            "every reading of the outage",
            lambda: complete(readings_or_none(stage), back),
            seconds=60,
        )
        meanwhile = [row for row in rows if row["id"] > before and away <= row["time"] <= back]
        gaps, doubles = gaps_and_doubles(rows)
        if gaps or doubles or len(meanwhile) < HUB_AWAY_SECONDS / 2:
            raise StoryError(f"{len(meanwhile)} readings of the outage, {gaps} missing, {doubles} twice")
        result.append(f"{len(meanwhile)} readings made meanwhile, 0 missing, 0 twice")


def complete(rows: list[dict[str, Any]], back: float) -> list[dict[str, Any]]:
    """The rows, if they reach past the time `back` (Unix ms) and no sequence number is missing; else nothing."""
    return rows if any(row["time"] > back for row in rows) and gaps_and_doubles(rows)[0] == 0 else []


def readings_or_none(stage: Stage) -> list[dict[str, Any]]:
    """Every reading of the sensor board, or none while the fleet is still starting."""
    arguments = ("telemetry", SENSOR_BOARD, "--name", "temperature", "--fleet", stage.fleet_url, "--json")
    return [] if stage.run(*arguments, expect=(0, 1)).returncode else readings(stage, SENSOR_BOARD)
