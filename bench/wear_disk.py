"""Counts what reaches a disk: of a process by the kernel's account, of a whole file system by its device."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.paths import CACHE

IMAGE_BYTES = 256 * 1024 * 1024
SECTOR = 512
BLOCK = 4096
"""Of the file system, as on any disk of more than 512 MB; a small one would have blocks of 1 KB, and count less."""


def written_by(pid: int) -> int:
    """Bytes that a process (with its ended children) made dirty in files on a disk; journals of file systems not."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["write_bytes"])


@dataclass(frozen=True)
class Disk:
    """A folder on a disk; `device` is the block device that nothing else writes to, where there is one."""

    folder: Path
    device: str | None

    def written(self) -> int | None:
        """Bytes written to the device so far, with the file system's own; None when it is not ours alone."""
        if self.device is None:
            return None
        self.write_back()
        return int(Path(f"/sys/block/{self.device}/stat").read_text().split()[6]) * SECTOR

    def write_back(self) -> None:
        """Let the kernel write what it holds, as it does by itself after 30 s."""
        subprocess.run(["sync", "-f", str(self.folder)], check=True)


@contextmanager
def disk() -> Iterator[Disk]:
    """An ext4 file system of our own in a file for root, else a folder beside the code; never a RAM disk."""
    CACHE.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=CACHE, prefix="wear-"))
    try:
        if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
            yield Disk(work, None)
            return
        with _mounted(work) as made:
            yield made
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _mounted(work: Path) -> Iterator[Disk]:
    image, folder = work / "disk.img", work / "disk"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    options = "lazy_itable_init=0,lazy_journal_init=0"
    subprocess.run(["mkfs.ext4", "-q", "-F", "-b", str(BLOCK), "-E", options, str(image)], check=True)
    found = subprocess.run(["losetup", "--find", "--show", str(image)], check=True, capture_output=True, text=True)
    device = found.stdout.strip()
    try:
        subprocess.run(["mount", "-o", "noatime", device, str(folder)], check=True)
        try:
            yield Disk(folder, Path(device).name)
        finally:
            subprocess.run(["umount", str(folder)], check=True)
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)
