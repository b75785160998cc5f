"""Makes a bundle of a workload file (`.yaml`) with the device's own key: a child process of the tools does it.

A workload file carries no signature. Who wants to run one as it lies gives the agent a private key whose public key is
an anchor of the device (`agent.signing-key`): the bundle is then checked like any other, and what the key's file
permissions protect is the right to grant.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from edge_host.sources.source import BUNDLE_SUFFIX, Source
from wire.errors import MalformedError, SourceError

log = logging.getLogger(__name__)

WORKLOAD_SUFFIXES = (".yaml", ".yml")
SECONDS = 600.0
_NOTE = "note: "
"""How lines of the tools begin that tell of something worth a look, where nothing is wrong."""
WRONG_INPUT = 2
"""Exit code of the tools for a file that is wrong; others may be better the next time."""


@contextlib.asynccontextmanager
async def signed(file: Path, key: Path, sequence: int, work: Path) -> AsyncIterator[Source]:
    """The bundle made of a workload file, as long as it is needed; `work` is a private folder without its name.

    Raises MalformedError with file and line where the workload file, or the key, is wrong, and SourceError when an
    image is not to be had now or the tools are not installed.
    """
    bundle = work.with_suffix(BUNDLE_SUFFIX)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "petiole", "bundle", "make", "--no-build", "--target", "edge"),
        *("--file", str(file), "--key", str(key), "--sequence", str(sequence), "--output", str(bundle)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        try:
            async with asyncio.timeout(SECONDS):
                _, said = await process.communicate()
        except TimeoutError:
            raise SourceError(f"no bundle was made of {file} within {SECONDS:.0f} s") from None
        if process.returncode != 0:
            text = said.decode("utf-8", "replace").strip()
            problem = text.rpartition("error: ")[2][-500:] or f"the tools ended with {process.returncode}"
            raise MalformedError(problem) if process.returncode == WRONG_INPUT else SourceError(problem)
        for line in said.decode("utf-8", "replace").splitlines():
            if line.startswith(_NOTE):
                log.info("%s: %s", file, line.removeprefix(_NOTE))
        yield Source(f"file:{bundle}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await asyncio.to_thread(bundle.unlink, missing_ok=True)
