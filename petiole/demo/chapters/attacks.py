"""Chapter 9: five bundles that a board must refuse; the fleet is told to pass them on, so that the board decides."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from petiole.demo.chapters.telemetry import newest_id, readings
from petiole.demo.chapters.workloads import THERMOMETER, deploy, running_version
from petiole.demo.errors import StoryError
from petiole.demo.stage import SENSOR_BOARD, Stage
from petiole.demo.tamper import flipped_bit, unsigned

MANIFEST = str(THERMOMETER / "workload.yaml")
"""Code that the board no longer has: code that it has would not be asked for."""


@dataclass(frozen=True)
class Attack:
    """One forged bundle: how it is made, and the names of the refusals that are right for it."""

    title: str
    key: str = "release"
    target: str = "board"
    sequence: int | None = None
    change: Callable[[bytes], bytes] | None = None
    refusals: tuple[str, ...] = ()


ATTACKS = (
    Attack("an unsigned bundle", change=unsigned, refusals=("unsigned",)),
    Attack("a bundle signed by an unknown key", key="stranger", refusals=("unknown-key",)),
    Attack("a bundle for another class of device", target="edge", refusals=("wrong-class",)),
    Attack("a bundle with an older sequence number", sequence=1, refusals=("old-sequence",)),
    Attack("a bundle with one flipped bit", change=flipped_bit, refusals=("digest-mismatch", "bad-signature")),
)


def attacks(stage: Stage) -> None:
    """Each forged bundle is refused by the board with its reason, and the running workload stays."""
    stage.chapter(9, "An attacker tries")
    running = running_version(stage)
    for number, attack in enumerate(ATTACKS):
        with stage.step(attack.title) as result:
            bundle = forge(stage, attack, stage.folder / f"attack-{number}.suit")
            deploy(stage, bundle, SENSOR_BOARD, "--force", expect=(1,))
            result.append(refusal(stage, attack, running))
    with stage.step(f"{SENSOR_BOARD} still runs {running}") as result:
        after = newest_id(stage, SENSOR_BOARD)
        stage.wait_for("readings after the attacks", lambda: readings(stage, SENSOR_BOARD, after))
        result.append("readings go on")


def forge(stage: Stage, attack: Attack, bundle: Path) -> Path:
    """Makes the bundle of one attack."""
    options = [] if attack.sequence is None else ["--sequence", str(attack.sequence)]
    key = str(stage.folder / "keys" / f"{attack.key}.key")
    target = ("--target", attack.target, "--no-build", *options)
    stage.run("bundle", "make", "-f", MANIFEST, "--key", key, *target, "-o", str(bundle))
    if attack.change:
        bundle.write_bytes(attack.change(bundle.read_bytes()))
    return bundle


def refusal(stage: Stage, attack: Attack, running: str) -> str:
    """The refusal that the board reported for an attack.

    Raises StoryError if the board took the bundle, gave another reason, or stopped what it ran.
    """
    entry = stage.workload(SENSOR_BOARD, "thermometer") or {}
    reason = str(entry.get("reason") or "")
    if entry.get("state") != "failed" or reason.partition(":")[0] not in attack.refusals:
        raise StoryError(f"{attack.title}: expected failed with {attack.refusals}, the fleet shows {entry}")
    if entry.get("previous") != running:
        raise StoryError(f"{attack.title}: the board should still run {running}, the fleet shows {entry}")
    return f"refused by the board: {reason}"
