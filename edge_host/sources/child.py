"""Has a bundle fetched and unpacked by a child process (`unpack`)."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from edge_host.sources.source import Source
from wire import digests
from wire.errors import MalformedError, SourceError

SECONDS = 600.0
LATER = 1


async def unpacked(source: Source, code: Path) -> bytes:
    """The envelope of a bundle, whose code is in the file `code` then; its signature is not checked yet.

    Raises SourceError when it is not to be had now, MalformedError when it is no bundle or not the one that is pinned.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge_host.sources.unpack", source.place),
        *(digests.show(source.digest) if source.digest is not None else "-", str(code)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        envelope, said = await asyncio.wait_for(process.communicate(), SECONDS)
    except TimeoutError:
        raise SourceError(f"{source.place} did not come within {SECONDS:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        return envelope
    problem = said.decode("utf-8", "replace").strip()[-500:] or f"unpacking ended with {process.returncode}"
    raise SourceError(problem) if process.returncode == LATER else MalformedError(problem)
