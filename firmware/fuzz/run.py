"""Fuzzes what the firmware reads from outside: `python firmware/fuzz/run.py [--seconds 600] [target ...]`.

Works with a stable toolchain (the compiler's coverage pass is asked for by name) and needs a C++ compiler for
libFuzzer. Starts from the vectors and from `seeds/<target>`, keeps what it finds in `corpus/<target>`, and reduces that
at the end to the few inputs in `seeds/<target>` that matter. A crash ends the run with the fuzzer's own report; its
input lies in `artifacts/`.
"""

import argparse
import json
import os
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
VECTORS = FOLDER.parents[1] / "tests" / "vectors"
TARGET_DIR = "target"
HOST = "x86_64-unknown-linux-gnu"
FLAGS = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "-Cdebug-assertions=on",
    "--cfg=fuzzing",
]
LARGEST_INPUT = 8192
LARGEST_SEED = 2048
MOST_SEEDS = 20


def main() -> None:
    """Builds, fuzzes each target for a while, keeps seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("targets", nargs="*", default=targets())
    options = parser.parse_args()
    binaries = build()
    for target in options.targets:
        fuzz(target, binaries / target, options.seconds)


def targets() -> list[str]:
    """The names of all targets."""
    manifest = tomllib.loads((FOLDER / "Cargo.toml").read_text())
    return [binary["name"] for binary in manifest["bin"]]


def build() -> Path:
    """Builds all targets; returns the folder of the programs."""
    folder = Path(os.environ.get("CARGO_TARGET_DIR", FOLDER / TARGET_DIR))
    environment = os.environ | {"RUSTFLAGS": " ".join(FLAGS), "CARGO_TARGET_DIR": str(folder)}
    subprocess.run(["cargo", "build", "--release", "--target", HOST], cwd=FOLDER, env=environment, check=True)
    return folder / HOST / "release"


def fuzz(target: str, binary: Path, seconds: int) -> None:
    """One run of one target."""
    corpus, seeds = FOLDER / "corpus" / target, FOLDER / "seeds" / target
    for folder in (corpus, seeds, FOLDER / "artifacts"):
        folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(vectors(target)):
        (corpus / f"vector-{number:03}").write_bytes(data)
    options = [f"-max_total_time={seconds}", f"-max_len={LARGEST_INPUT}", f"-artifact_prefix=artifacts/{target}-"]
    print(f"== {target}: {seconds} s", flush=True)
    run = [str(binary), str(corpus), str(seeds), *options, "-print_final_stats=1", "-verbosity=0"]
    subprocess.run(run, cwd=FOLDER, check=True)
    keep_seeds(binary, corpus, seeds)


def keep_seeds(binary: Path, corpus: Path, seeds: Path) -> None:
    """Replaces the seeds by a few small inputs of the corpus that reach what all of it reaches."""
    reduced = corpus.with_name(f"{corpus.name}-reduced")
    reduced.mkdir(exist_ok=True)
    subprocess.run([binary, "-merge=1", reduced, corpus, seeds, "-verbosity=0"], cwd=FOLDER, check=True)
    small = sorted((entry for entry in reduced.iterdir()), key=lambda entry: entry.stat().st_size)
    kept = [entry for entry in small if entry.stat().st_size <= LARGEST_SEED]
    kept = kept[:: -(-len(kept) // MOST_SEEDS) or 1]
    for entry in seeds.iterdir():
        entry.unlink()
    for entry in kept:
        (seeds / entry.name[:12]).write_bytes(entry.read_bytes())
    for entry in reduced.iterdir():
        entry.unlink()
    reduced.rmdir()


def vectors(target: str) -> Iterator[bytes]:
    """Inputs out of the vectors that fit a target."""
    if target == "cron":
        yield from (bytes(4) + text for text in (b"*/5 * * * *", b"0 30 8-18/2 * * 1,3,5", b"0 0 29 2 *"))
    names = {
        "cbor": ["smp", "descriptor", "rotations"],
        "cose": ["rotations", "envelopes"],
        "delta": ["deltas"],
        "descriptor": ["descriptor"],
        "envelope": ["envelopes"],
        "frames": ["smp"],
        "rotation": ["rotations"],
    }
    for name in names.get(target, []):
        yield from _hex(json.loads((VECTORS / f"{name}.json").read_text()))


def _hex(value: Any) -> Iterator[bytes]:
    if isinstance(value, str) and len(value) > 8:
        try:
            yield bytes.fromhex(value)
        except ValueError:
            return
    elif isinstance(value, list):
        for item in value:
            yield from _hex(item)
    elif isinstance(value, dict):
        yield from _hex(list(value.values()))


if __name__ == "__main__":
    main()
