"""What the interfaces of one running component share: its grants, its limits, its handles and where its output goes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, runtime_checkable

from edge_host.blob_places import WorkloadBlobs
from edge_host.errors import StopError
from edge_host.interfaces.signal import Signal
from edge_host.key_values import KeyValues
from edge_host.labels import Labels
from edge_host.links import ComponentBus
from edge_host.messages import Bus
from wire.descriptor import Grant, Limits
from wire.edge_options import EdgeOptions

Handle = TypeVar("Handle")
TELL_SECONDS = 60.0


class Sink(Protocol):
    """Where a guest's output goes. Every method may be called from any thread."""

    def log(self, level: str, context: str, message: str) -> None:
        """Keep a log line."""

    def measure(self, name: str, unit: str, value: float | str | bool) -> None:
        """Keep a measurement durably; raises `OutboxFullError`."""

    def limit(self, name: str, value: int) -> None:
        """Tell that a limit was reached."""

    def dropped(self, count: int) -> None:
        """Tell that so many calls were dropped because too many waited."""


@runtime_checkable
class Closing(Protocol):
    """A resource that has to be told when its handle is dropped."""

    def close(self) -> None:
        """Let go of what it holds."""


class Rate:
    """A token bucket: `amount` tokens in `seconds`, at most that many at once. May be used from any thread."""

    def __init__(self, amount: int, seconds: float) -> None:
        self._most = float(amount)
        self._tokens = float(amount)
        self._speed = amount / seconds
        self._last = time.monotonic()
        self._told = float("-inf")
        self._lock = threading.Lock()

    def take(self, tokens: int) -> bool:
        """Whether `tokens` were there; they are gone then."""
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self._most, self._tokens + (now - self._last) * self._speed)
            self._last = now
            if self._tokens < tokens:
                return False
            self._tokens -= tokens
            return True

    def may_tell(self) -> bool:
        """Whether it is time to tell again that the rate was reached: at most once a minute."""
        now = time.monotonic()
        if now - self._told < TELL_SECONDS:
            return False
        self._told = now
        return True


class Handles:
    """The resources a guest holds, by the number that Wasmtime keeps for them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._next = 1
        self._held: dict[int, object] = {}

    def add(self, resource: object) -> int:
        """A number for `resource`; raises `StopError` over the limit."""
        if len(self._held) >= self._most:
            raise StopError("handles", f"more than {self._most} open")
        number = self._next
        self._next += 1
        self._held[number] = resource
        return number

    def get(self, number: int, kind: type[Handle]) -> Handle:
        """The resource behind a number that the guest holds."""
        resource = self._held.get(number)
        if not isinstance(resource, kind):
            raise StopError("error", f"handle {number} is not open")
        return resource

    def take(self, number: int, kind: type[Handle]) -> Handle:
        """The resource behind a number that the guest gives away; it is not closed."""
        resource = self.get(number, kind)
        del self._held[number]
        return resource

    def drop(self, number: int) -> None:
        """Forget a resource."""
        resource = self._held.pop(number, None)
        if isinstance(resource, Closing):
            resource.close()

    def clear(self) -> None:
        """Forget all."""
        for number in list(self._held):
            self.drop(number)


def _no_blobs() -> WorkloadBlobs:
    raise StopError("error", "this host keeps no objects")


@dataclass
class GuestContext:
    """One component's side of the host."""

    grants: Mapping[str, Grant]
    limits: Limits
    config: Mapping[str, str]
    labels: Labels
    sink: Sink
    bus: Bus | ComponentBus
    key_values: KeyValues
    options: EdgeOptions = field(default_factory=EdgeOptions)
    secrets: Mapping[str, str] = field(default_factory=dict)
    """What the device's secrets that the component was granted hold, by key."""
    blobs: Callable[[], WorkloadBlobs] = field(default=_no_blobs)
    """Gives the containers of the workload."""
    at_end: list[Callable[[], None]] = field(default_factory=list, init=False)
    """Called when the guest is closed."""
    handles: Handles = field(init=False)
    messages: Rate = field(init=False)
    telemetry_bytes: Rate = field(init=False)
    key_values_told: Rate = field(init=False)
    signal: Signal = field(default_factory=Signal, init=False)
    waiting: Callable[[], AbstractContextManager[None]] = field(default=nullcontext, init=False)
    """Held while a host function waits, so that waiting does not count as computing (`edge_host.pace`)."""
    reply_to: str | None = field(default=None, init=False)
    """Where the message that is being handled awaits its answer."""
    stopped_by: StopError | None = field(default=None, init=False)
    _bytes_left: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.handles = Handles(self.limits.handles)
        self.messages = Rate(self.limits.messages_per_second, 1.0)
        self.telemetry_bytes = Rate(self.limits.telemetry_bytes_per_hour, 3600.0)
        self.key_values_told = Rate(1, TELL_SECONDS)
        self.begin_host_call()

    def close(self) -> None:
        """Let go of everything that the guest holds."""
        for end in self.at_end:
            end()
        self.handles.clear()

    def share_rates(self, other: GuestContext) -> None:
        """Count with `other`, which is of another instance of the same component."""
        self.messages, self.telemetry_bytes = other.messages, other.telemetry_bytes
        self.key_values_told = other.key_values_told

    def begin_call(self) -> None:
        """Forget the stop of the call before."""
        self.stopped_by = None

    def begin_host_call(self) -> None:
        """Refill what is counted for each call of a host function."""
        self._bytes_left = self.limits.host_call_bytes

    @property
    def bytes_left(self) -> int:
        """How many more bytes may cross in this call of a host function."""
        return self._bytes_left

    def fits(self, size: int) -> bool:
        """Whether so many more bytes may cross in this call of a host function."""
        return size <= self._bytes_left

    def spend(self, size: int) -> None:
        """Count `size` bytes that cross between guest and host; raises `StopError` over the limit."""
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise StopError("host-call-bytes", f"more than {self.limits.host_call_bytes} in one call")

    def take_message(self) -> bool:
        """Count one message, log line or measurement; False, and told, when there are too many in this second."""
        if self.messages.take(1):
            return True
        self.exceeded(self.messages, "messages-per-second", self.limits.messages_per_second)
        return False

    def take_telemetry(self, size: int) -> bool:
        """Count `size` bytes of telemetry; False, and told, when there are too many in this hour."""
        if self.telemetry_bytes.take(size):
            return True
        self.exceeded(self.telemetry_bytes, "telemetry-bytes-per-hour", self.limits.telemetry_bytes_per_hour)
        return False

    def exceeded(self, rate: Rate, name: str, value: int) -> None:
        """Tell that a rate was reached, unless it was told a moment ago."""
        if rate.may_tell():
            self.sink.limit(name, value)

    def wait(self, ready: Callable[[], bool], until: float | None = None) -> bool:
        """Wait on behalf of the guest until `ready` or the monotonic time `until`; whether it is ready."""
        if ready():
            return True
        with self.waiting():
            return self.signal.wait(ready, until)

    def may_open(self, interface: str, label: str) -> bool:
        """Whether the grant of `interface` names `label`."""
        grant = self.grants.get(interface)
        return grant is not None and label in (grant.labels or ())
