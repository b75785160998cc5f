"""How a release on probation shows that it works (formats.md section 5)."""

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from wire.errors import MalformedError
from wire.records import Key

_PATH = re.compile(r"/[!-~]{0,127}", re.ASCII)


class ProbationKind(IntEnum):
    """What counts: good calls, answers of `petiole:health/probe`, answers to an HTTP request, measurements."""

    CALLS = 0
    EXPORT = 1
    HTTP = 2
    TELEMETRY = 3


@dataclass(frozen=True)
class Probation:
    """A release is healthy after `calls` good signs; it is rolled back when not confirmed `seconds` after its start.

    `sign` is the number of a `ProbationKind`, None for good calls; `path` is asked for over HTTP. Boards know good
    calls alone, and refuse the rest.
    """

    calls: Annotated[int, Key(0)] = 3
    seconds: Annotated[int, Key(1)] = 60
    sign: Annotated[int | None, Key(2)] = None
    path: Annotated[str | None, Key(3)] = None

    def __post_init__(self) -> None:
        if self.sign is not None and self.sign not in list(ProbationKind):
            raise MalformedError(f"probation has the unknown kind {self.sign}")
        if (self.path is not None) != (self.kind is ProbationKind.HTTP):
            raise MalformedError("probation has a path when it asks over HTTP, and only then")
        if self.path is not None and not _PATH.fullmatch(self.path):
            raise MalformedError(f"{self.path!r} is not a path that begins with /")

    @property
    def kind(self) -> ProbationKind:
        """What counts."""
        return ProbationKind(self.sign or 0)
