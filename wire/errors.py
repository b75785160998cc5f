"""The errors of `wire`.

```
ValueError
└── WireError             anything wrong with what came in
    ├── MalformedError    the bytes or the text are not what the format says; the message names where
    ├── SourceError       what lies elsewhere cannot be had from there: names the place
    ├── RefusedError      well formed, but not to be accepted: carries a `Refusal`
    └── SmpError          a device answered an SMP request with an error code
```
"""

from wire.refusals import Refusal


class WireError(ValueError):
    """Anything wrong with what came in over a boundary."""


class MalformedError(WireError):
    """Bytes or text are not what the format says; the message names the place."""


class SourceError(WireError):
    """A component or bundle cannot be had from its registry or web server; the message names it, never a secret."""


class RefusedError(WireError):
    """Something well formed is not accepted, for the reason `name`."""

    def __init__(self, name: Refusal, detail: str) -> None:
        super().__init__(f"{name.label}: {detail}")
        self.name = name
        self.detail = detail


class SmpError(WireError):
    """A device answered an SMP request with an error: the code `rc` of the command group `group`."""

    def __init__(self, group: int, rc: int, reason: str) -> None:
        super().__init__(reason)
        self.group = group
        self.rc = rc
        self.reason = reason
