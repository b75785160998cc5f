"""Errors of the edge host.

::

    EdgeHostError
    ├── ConfigError          the configuration file is wrong: names file and key
    ├── DeviceError          a labelled resource of this machine cannot be used: names label and what to do
    ├── BusyError            something that only one process may own is taken: names the holder
    ├── CompileError         the compiler process could not compile a component
    ├── DownloadError        a payload could not be fetched now; what has arrived is kept
    ├── OutboxFullError      the outbox reached its bound: the record was refused, not lost silently
    ├── StopError            a guest was stopped; the kind and the cause are in it
    ├── OverloadError        too many calls of a component wait already: this one was not begun
    └── BoardError           an attached board
        ├── BoardSilentError     no answer in time, or the port closed
        └── BoardRefusedError    the board answered with an error code of group 64

A release that is refused raises ``wire.errors.RefusedError``, so that every part of Petiole uses the same names.
"""

from __future__ import annotations

from pathlib import Path


class EdgeHostError(Exception):
    """Root of the tree."""


class ConfigError(EdgeHostError):
    """A value in the configuration file is missing or wrong."""

    def __init__(self, file: Path, key: str, problem: str) -> None:
        super().__init__(f"{file}: {key}: {problem}" if key else f"{file}: {problem}")
        self.file = file
        self.key = key


class DeviceError(EdgeHostError):
    """A resource that the configuration describes is not there, or its library is not installed."""

    def __init__(self, label: str, problem: str) -> None:
        super().__init__(f"label {label}: {problem}")
        self.label = label


class BusyError(EdgeHostError):
    """A resource that only one process may own is owned by another one."""

    def __init__(self, resource: str, holder: str, advice: str) -> None:
        super().__init__(f"{resource} is in use by {holder}; {advice}")
        self.resource = resource
        self.holder = holder


class CompileError(EdgeHostError):
    """The compiler process ended without an artifact; the text is what it said."""


class DownloadError(EdgeHostError):
    """The fleet does not answer a block request, or answers with an error."""


class OutboxFullError(EdgeHostError):
    """The outbox holds as many bytes as it may."""


class StopError(EdgeHostError):
    """A guest was stopped.

    ``kind`` is ``trap``, ``fuel``, ``memory``, ``error`` or the name of another limit (formats, section 6).
    """

    def __init__(
        self, kind: str, message: str, backtrace: str = "", *, component: str = "", fuel: int = 0, memory: int = 0
    ) -> None:
        """`fuel` is what the call that was stopped had used, `memory` the most bytes that the instance had."""
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message
        self.backtrace = backtrace
        self.component = component
        self.fuel = fuel
        self.memory = memory

    def of(self, component: str, fuel: int = 0, memory: int = 0) -> StopError:
        """The same stop with the component it happened in, unless it has one already: that of a peer it called."""
        if self.component:
            return self
        return StopError(self.kind, self.message, self.backtrace, component=component, fuel=fuel, memory=memory)


class OverloadError(EdgeHostError):
    """As many calls as may wait for a component wait already."""


class BoardError(EdgeHostError):
    """An attached board cannot do what was asked."""


class BoardSilentError(BoardError):
    """The board did not answer in time, or its port is closed."""


class BoardRefusedError(BoardError):
    """The board refused a request with a named code."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name}: {detail}" if detail else name)
        self.name = name
        self.detail = detail
