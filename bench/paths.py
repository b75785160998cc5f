"""Where the benchmarks keep things, and on what they run."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache" / "bench"
SIZES = ROOT / "bench" / "sizes.json"
SPEED = ROOT / "bench" / "speed.json"
PAGE = ROOT / "docs" / "reference" / "footprint.md"
BOARDS = ("qemu-an505", "qemu-riscv32")
