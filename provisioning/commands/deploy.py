"""`petiole deploy`: Ship a workload to devices: build, sign, register, and watch it arrive."""

import re
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from provisioning import bundle_registry, fitting
from provisioning.api import Fleet, Json, connect
from provisioning.bundle import Target as Class
from provisioning.bundle import make_from_file, profile_of
from provisioning.component import load_workload
from provisioning.console import NOTE, FleetOption, JsonOption, err, print_json, print_line, print_note
from provisioning.deployment import Progress, Target, start, watch
from provisioning.errors import DeploymentError, InputError
from provisioning.keys import load_seed
from provisioning.sequences import reserve
from wire.oci.reference import SCHEME

app = typer.Typer(help="Ship a workload to devices.")

MANIFEST = "workload.yaml"
BUNDLE_SUFFIX = ".suit"
_LINE_BYTES = re.compile(r"(\d+) bytes went over the board's line")


@app.command()
def deploy(
    path: Annotated[
        str | None,
        typer.Argument(
            help="A workload file, its folder, or a finished bundle: a .suit file, or oci://... in a registry."
        ),
    ] = None,
    *,
    file: Annotated[str | None, typer.Option("--file", "-f", help="The same as PATH.")] = None,
    device: Annotated[list[str], typer.Option(help="Where to; may be given several times.")],
    key: Annotated[Path | None, typer.Option(help="Private key to sign with; not needed for a bundle.")] = None,
    sequence: Annotated[
        int | None,
        typer.Option(min=1, help="Sequence number; a device takes only higher ones. Default: the next one."),
    ] = None,
    build: Annotated[bool, typer.Option(help="Build the component first, when the workload file says how.")] = True,
    wait: Annotated[bool, typer.Option("--wait", help="Show it arrive; fail unless every device confirms it.")] = False,
    timeout: Annotated[float, typer.Option(min=1, help="With --wait: give up looking after so many seconds.")] = 300,
    force: Annotated[
        bool,
        typer.Option("--force", help="Let the fleet pass on what it would refuse, to test the device's own checks."),
    ] = False,
    fleet: FleetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ship a workload: compile it for each device's class, sign it, register the release, and make it the desired one.

    Example: petiole deploy examples/thermometer --device an505-1 --device edge-1 --key release.key --wait

    Exit code 0 with --wait means that every device has confirmed it: it ran well on probation, and a round trip to the
    fleet was seen. Rolled back, failed or not in time is 1.
    """
    source = path or file
    if source is None or (path and file):
        raise InputError("name one workload file or bundle", next_step="petiole deploy PATH --device NAME")
    with connect(fleet) as api:
        releases = register(api, source, device, key, sequence, build=build, force=force)
        targets = []
        for name in device:
            release = releases[name]
            targets.append(start(api, name, release, force=force))
            if not as_json:
                size = f"{release['size']} bytes of code{patch_size(api, name, release)}"
                print_line(
                    f"{release['workload']} {release['version']} (sequence {release['sequence']}) to {name}: "
                    f"release {release['release'][:12]}, {size}"
                )
        results = [outcome(api, target, timeout, quiet=as_json) for target in targets] if wait else []
    if as_json:
        shown = results or [{"device": target.device, **releases[target.device]} for target in targets]
        print_json([{**entry, "notes": releases[entry["device"]]["notes"]} for entry in shown])
    elif not wait:
        print_note(f"Desired; watch it with: petiole status {device[0]}")
    bad = [result for result in results if result["state"] != "confirmed"]
    if bad:
        raise DeploymentError(
            "; ".join(f"{result['device']}: {result['state']}: {result['reason']}" for result in bad),
            next_step=f"what happened there: petiole logs {bad[0]['device']}",
        )


def register(
    api: Fleet, source: str, devices: list[str], key: Path | None, sequence: int | None, *, build: bool, force: bool
) -> dict[str, Json]:
    """The release for each device, built once for each class of devices. Raises InputError before anything is sent."""
    known = {name: api.device(name) for name in devices}
    for name, entry in known.items():
        if entry["status"] != "online":
            print_note(f"{name} is {entry['status']}: it takes the release when it is there.")
    path = Path(source)
    if source.startswith(SCHEME) or path.suffix == BUNDLE_SUFFIX:
        in_registry = source.startswith(SCHEME)
        data = bundle_registry.pull(bundle_registry.reference(source)).content if in_registry else read(path)
        release = {**api.add_release(data, force=force), "notes": []}
        return dict.fromkeys(devices, release)
    manifest = path / MANIFEST if path.is_dir() else path
    if not manifest.is_file():
        raise InputError("there is no such workload file", where=str(manifest))
    if key is None:
        raise InputError(
            "a key to sign with is needed", next_step="give --key release.key; make one with: petiole keys new release"
        )
    seed = load_seed(key)
    classes = {name: class_of(name, entry) for name, entry in known.items()}
    workload = load_workload(manifest)
    for name, entry in known.items():
        if not force:
            fitting.check(workload, name, entry["facts"])
    if sequence is None:
        name = workload.name
        sequence = reserve(name, max((row["sequence"] for row in api.releases() if row["workload"] == name), default=0))
    made: dict[Class, Json] = {}
    for target in sorted(set(classes.values())):
        with err.status(f"Building {manifest} for {target}"):
            bundle = make_from_file(manifest, seed, target, sequence=sequence, build=build)
        for note in bundle.notes:
            print_note(f"{NOTE}{note}")
        made[target] = {**api.add_release(bundle.data, force=force), "notes": list(bundle.notes)}
    return {name: made[target] for name, target in classes.items()}


def patch_size(api: Fleet, device: str, release: Json) -> str:
    """What is sent in place of the code when the device can use a patch against what it runs; empty when it cannot."""
    runs = {row["release"] for row in api.workloads(device) if row["name"] == release["workload"]}
    bases = {row["digest"] for row in api.releases() if row["release"] in runs}
    if release["digest"] in bases:
        return ", which it has"
    sizes = [size for base, size in release["patches"].items() if base in bases]
    return f", {min(sizes)} as a patch" if sizes else ""


def class_of(name: str, device: Json) -> Class:
    """What to build for a device. Raises InputError unless this checkout can compile for what the device reports."""
    target = Class(device["kind"])
    reported, ours = device["profile"], profile_of(target)
    if reported != ours:
        raise InputError(
            f"the device runs {reported or 'something unknown'}, this checkout compiles for {ours}",
            where=name,
            next_step="flash the board with firmware of this checkout, or deploy from the checkout it was made of",
        )
    return target


def read(path: Path) -> bytes:
    """The bundle in a file."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from error


def outcome(api: Fleet, target: Target, seconds: float, *, quiet: bool) -> dict[str, Any]:
    """Watch one device to the end; prints a line for each state unless `quiet`."""
    begun = time.monotonic()

    def report(progress: Progress) -> None:
        if not quiet:
            print_line(f"  +{time.monotonic() - begun:6.1f} s  {state_line(progress)}")

    progress = watch(api, target, seconds, report)
    spans = progress.seconds()
    sent = line_bytes(api, target)
    if not quiet:
        if sent is not None:
            print_line(f"  {sent} bytes went over the board's line")
        parts = ", ".join(f"{state} {span:.1f} s" for state, span in spans.items())
        print_line(
            f"{target.device}: {progress.state} after {time.monotonic() - begun:.1f} s"
            + (f" ({parts})" if parts else "")
        )
        sys.stdout.flush()
    return {
        "device": target.device,
        "workload": target.workload,
        "version": target.version,
        "release": target.release,
        "state": progress.state,
        "reason": progress.reason,
        "seconds": spans,
        "line_bytes": sent,
    }


def line_bytes(api: Fleet, target: Target) -> int | None:
    """What a board's edge host said of the bytes that it sent to the board for this release; None for other devices."""
    rows = api.events(target.device, kind="link", workload=target.workload, limit=50)
    counts = [
        int(match[1])
        for row in rows
        if row["version"] == target.version and (match := _LINE_BYTES.match(row["message"] or ""))
    ]
    return counts[-1] if counts else None


def state_line(progress: Progress) -> str:
    """The state, with the transfer's progress or the reason."""
    if progress.state == "downloading" and progress.size:
        return f"downloading {progress.offset} of {progress.size} bytes"
    return f"{progress.state}: {progress.reason}" if progress.reason else progress.state
