"""Chapters 4 to 7: the first workloads, the world changes, an update over the air, a bad release."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from rich.markup import escape

from petiole.demo.chapters.telemetry import newest_id, readings
from petiole.demo.errors import StoryError
from petiole.demo.stage import BLINK_BOARD, EDGE, SENSOR_BOARD, Stage

THERMOMETER = Path("examples/thermometer")
BLINKY = Path("examples/blinky")
LM75 = Path("examples/lm75")
NEW_TEMPERATURE = 31.5
KELVIN_AT_ZERO_CELSIUS = 273.15


def deploy(stage: Stage, manifest: Path, devices: str, *options: str, expect: tuple[int, ...] = (0,)) -> str:
    """Runs `petiole deploy --wait` for devices (names with spaces between) and returns what it printed."""
    targets = [word for device in devices.split() for word in ("--device", device)]
    key = ("--key", str(stage.folder / "keys" / "release.key"))
    watched = ("--fleet", stage.fleet_url, "--wait", "--no-build")
    return stage.run("deploy", str(manifest), *targets, *key, *watched, *options, expect=expect).stdout


def first_workloads(stage: Stage) -> None:
    """One component file on a microcontroller and on Linux, another on the second board."""
    stage.chapter(4, "Deploy")
    deployments = ((THERMOMETER, f"{SENSOR_BOARD} {EDGE}"), (BLINKY, BLINK_BOARD))
    titles = [f"{manifest.name} to {' and '.join(devices.split())}" for manifest, devices in deployments]
    with stage.step(", ".join(titles)) as result, ThreadPoolExecutor() as pool:
        list(pool.map(lambda each: deploy(stage, each[0] / "workload.yaml", each[1]), deployments))
        result.append("confirmed")
    with stage.step("telemetry of both thermometers in the fleet") as result:
        for device in (SENSOR_BOARD, EDGE):
            row = stage.wait_for(f"telemetry of {device}", partial(readings, stage, device))[-1]
            result.append(f"{device}: {row['value']:.2f} {row['unit']}")
    with stage.step("the same component file ran on both") as result:
        stage.facts["component"] = same_component(stage)
        result.append(f"sha256 {stage.facts['component']['sha256'][:16]}...")


def same_component(stage: Stage) -> dict[str, str]:
    """Digests that tie what each device runs to one component file.

    Raises StoryError if the edge host runs other bytes than the file, or the board another artifact than its.
    """
    built = stage.facts[str(THERMOMETER / "workload.yaml")]
    releases = {entry["release"]: entry["digest"] for entry in stage.fleet("release", "list")}
    payloads = {
        device: releases[entry["release"]]
        for device in (SENSOR_BOARD, EDGE)
        if (entry := stage.workload(device, THERMOMETER.name)) is not None
    }
    found = {
        "sha256": built["sha256"],
        "edge payload": payloads[EDGE],
        "compiled from sha256": built["compiled_sha256"],
        "board payload": payloads[SENSOR_BOARD],
    }
    if found["sha256"] != found["edge payload"] or found["compiled from sha256"] != found["board payload"]:
        raise StoryError(f"the devices do not run the component file: {found}")
    return found


def world_changes(stage: Stage) -> None:
    """The emulated sensor gets warmer; the fleet's database sees it."""
    stage.chapter(5, "The world changes")
    with stage.step(f"TMP105 of {SENSOR_BOARD} set to {NEW_TEMPERATURE} °C through QMP") as result:
        after = newest_id(stage, SENSOR_BOARD)
        qmp = str(stage.folder / SENSOR_BOARD / "qmp.sock")
        stage.run("emulate", "sensor", "--qmp", qmp, "--celsius", str(NEW_TEMPERATURE))
        stage.wait_for(
            "the new temperature in the fleet's database",
            lambda: any(abs(row["value"] - NEW_TEMPERATURE) < 0.1 for row in readings(stage, SENSOR_BOARD, after)),
        )
        result.append("seen in the fleet's database")


def update(stage: Stage) -> None:
    """Thermometer 2, another unit and rate, over the air with one command."""
    stage.chapter(6, "Update over the air")
    with stage.step(f"thermometer 2 to {SENSOR_BOARD}") as result:
        after = newest_id(stage, SENSOR_BOARD)
        printed = deploy(stage, THERMOMETER / "workload-2.yaml", SENSOR_BOARD)
        expected = NEW_TEMPERATURE + KELVIN_AT_ZERO_CELSIUS
        stage.wait_for(
            "a reading in kelvin",
            lambda: any(
                row["unit"] == "K" and abs(row["value"] - expected) < 0.1
                for row in readings(stage, SENSOR_BOARD, after)
            ),
        )
        result.append("confirmed, readings in K")
    for line in printed.splitlines():
        stage.console.print(f"    [dim]{escape(line)}[/]", highlight=False)


def bad_release(stage: Stage) -> None:
    """Thermometer 3 traps on its tenth call; the board takes itself back to 2."""
    stage.chapter(7, "A bad release")
    before = running_version(stage)
    with stage.step(f"thermometer 3 to {SENSOR_BOARD}: traps on its tenth call") as result:
        deploy(stage, THERMOMETER / "workload-3.yaml", SENSOR_BOARD, expect=(1,))
        entry = stage.workload(SENSOR_BOARD, "thermometer")
        if entry is None or entry["state"] != "rolled-back" or "trap" not in entry["reason"]:
            raise StoryError(f"expected a roll-back with a trap as its reason, the fleet shows {entry}")
        result.append(f"rolled back: {entry['reason']}")
    with stage.step(f"{SENSOR_BOARD} runs {before} again") as result:
        after = newest_id(stage, SENSOR_BOARD)
        stage.wait_for("readings of the old release", lambda: readings(stage, SENSOR_BOARD, after))
        result.append("readings go on")


def running_version(stage: Stage) -> str:
    """The version of the thermometer that runs on the sensor board."""
    entry = stage.workload(SENSOR_BOARD, "thermometer")
    if entry is None:
        raise StoryError(f"{SENSOR_BOARD} reports no thermometer")
    return str(entry["previous"] or entry["version"])
