"""What only edge hosts can do for a component: key 5 of a component in the descriptor (formats.md section 5).

Boards refuse a descriptor with this key. Everything is optional; what is not asked for is not granted.
"""

import re
from dataclasses import dataclass, field
from typing import Annotated

from wire.errors import MalformedError
from wire.names import check_name
from wire.records import Key
from wire.subjects import check_filter

_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?|\*|\[[0-9a-f:]+\](:[0-9]{1,5})?", re.ASCII)


@dataclass(frozen=True)
class Mount:
    """A folder of the device, by the label that its configuration gives it, at `path` in the guest's file system."""

    label: Annotated[str, Key(0)]
    path: Annotated[str, Key(1)]
    read_only: Annotated[bool, Key(2)] = False

    def __post_init__(self) -> None:
        check_name("label", self.label)
        if not self.path.startswith("/") or "//" in self.path or ".." in self.path.split("/"):
            raise MalformedError(f"mount path {self.path!r} is not an absolute path without '..'")


@dataclass(frozen=True)
class EdgeOptions:
    """Options of one component that runs on an edge host.

    `environment` is seen through wasi:cli/environment. `secrets` are names of secrets that lie on the device: their
    keys are added to environment and config there, and never travel. `mounts` are folders for wasi:filesystem.
    `allowed_hosts` are those that wasi:http/outgoing-handler may ask: `host`, `host:port`, `*.domain` or `*`.
    `pool_size` instances are kept warm (0: a new one for each call; 1: it stays, as on a board); one is dropped after
    `max_invocations` calls (0: never). `max_concurrency` calls run at the same time (0: as many as the host allows).
    `bindings` says which subjects of wasmcloud:messaging go over a named link of the device (`[labels.NAME]`) instead
    of the host's own bus.
    """

    environment: Annotated[dict[str, str], Key(0)] = field(default_factory=dict)
    secrets: Annotated[tuple[str, ...], Key(1)] = ()
    mounts: Annotated[tuple[Mount, ...], Key(2)] = ()
    allowed_hosts: Annotated[tuple[str, ...], Key(3)] = ()
    pool_size: Annotated[int, Key(4)] = 0
    max_invocations: Annotated[int, Key(5)] = 0
    max_concurrency: Annotated[int, Key(6)] = 0
    bindings: Annotated[dict[str, tuple[str, ...]], Key(7)] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.secrets:
            check_name("secret", name)
        for host in self.allowed_hosts:
            if not _HOST.fullmatch(host):
                raise MalformedError(f"allowed host {host!r} is not host, host:port, *.domain or *")
        for label, filters in self.bindings.items():
            check_name("label", label)
            for text in filters:
                check_filter(text)
        if len({mount.path for mount in self.mounts}) != len(self.mounts):
            raise MalformedError("two mounts have the same path")
