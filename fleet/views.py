"""What the fleet shows: the JSON of the API, and what the dashboard's pages get.

Times are Unix times in milliseconds; digests and public keys are lower-case hex.
"""

from typing import Any, Literal

from pydantic import BaseModel, Field

Status = Literal["online", "offline", "pending"]
DeviceKind = Literal["edge", "board"]


class SiteView(BaseModel):
    """One edge host and the boards attached to it."""

    name: str
    created: int
    devices: int = Field(description="How many devices are enrolled at the site.")


class TokenView(BaseModel):
    """Leave to enrol one device; the token is shown this once."""

    token: str
    site: str
    expires: int


class EnrolledView(BaseModel):
    """What a device gets at its enrolment."""

    device: str
    site: str
    certificate: str | None = Field(description="Client certificate (PEM) when a signing request was sent.")
    ca: str = Field(description="Certificate (PEM) of the fleet's authority.")
    anchors: list[str] = Field(description="Public keys (hex) whose signatures the device shall accept.")
    mqtt: dict[str, Any] | None = Field(description="`{url}` of the broker for an edge host; null for a board.")


class WorkloadView(BaseModel):
    """What a device reported last of one workload (formats.md sections 6 and 7)."""

    name: str
    version: str
    sequence: int
    release: str
    state: str
    reason: str
    offset: int
    size: int
    previous: str | None


class DesiredView(BaseModel):
    """One workload that a device shall run."""

    name: str
    release: str
    version: str


class RevisionView(BaseModel):
    """Number of the device's desired state, and the one that it has reached."""

    desired: int
    reported: int


class RotationView(BaseModel):
    """Trust anchors that a device shall have."""

    sequence: int
    anchors: list[str] = Field(description="Key ids (hex).")
    done: bool = Field(description="Whether the device reports these keys.")


class DeviceView(BaseModel):
    """One device: who it is, whether it is there, what it runs and what it shall run."""

    device: str
    site: str
    kind: DeviceKind
    status: Status = Field(description="online: heard of in the last 45 s; pending: never heard of.")
    last_seen: int | None
    facts: dict[str, Any]
    class_id: str | None
    profile: str | None
    workloads: list[WorkloadView]
    desired: list[DesiredView]
    revision: RevisionView
    queue: dict[str, Any] = Field(
        description="Records not acknowledged yet: `telemetry`, `event`, and `oldest` (time)."
    )
    public_key: str | None
    anchors: list[str] | None = Field(description="Key ids (hex) that the device says it trusts; null: it did not say.")
    rotation: RotationView | None


class AnchorView(BaseModel):
    """A public key whose signatures are accepted."""

    name: str
    kid: str = Field(description="Key id (hex): what signatures and devices name it by.")
    public_key: str
    created: int


class ReleaseView(BaseModel):
    """One bundle that can be deployed."""

    release: str = Field(description="SHA-256 of the manifest: the identity of the release.")
    workload: str
    version: str
    sequence: int
    class_id: str
    digest: str = Field(description="SHA-256 of the code.")
    size: int = Field(description="Bytes of code.")
    patches: dict[str, int] = Field(description="Bytes of a patch, by the digest of the code it starts from.")
    created: int
    refusal: str | None = Field(description="Why the fleet itself would have refused it; null for a good one.")


class TransitionView(BaseModel):
    """One change of a workload's state, at the device's time."""

    id: int
    time: int
    workload: str
    version: str
    state: str
    reason: str


class MeasurementView(BaseModel):
    """One stored value."""

    id: int
    time: int
    epoch: int
    seq: int
    workload: str
    name: str
    unit: str | None
    value: float | str | bool


class StopView(BaseModel):
    """What a host saw of a stopped component (formats.md section 6): a post-mortem."""

    release: str | None
    component: str | None
    trap: str | None
    pc: int | None = Field(description="Offset in the core module.")
    function: int | None = Field(description="Index of the function.")
    fuel: int | None
    memory: int | None
    stack: int | None
    up: int | None = Field(description="Uptime of the host, ms.")


class EventView(BaseModel):
    """One stored event (formats.md section 7)."""

    id: int
    time: int
    epoch: int
    seq: int
    kind: str
    workload: str | None
    version: str | None
    level: str | None
    context: str | None
    message: str | None
    state: str | None
    reason: str | None
    stop: StopView | None = Field(description="For kind `stop`.")


class HealthView(BaseModel):
    """Whether the fleet works, and what it has counted since its start."""

    status: Literal["ok", "degraded"]
    broker: bool = Field(description="Whether the fleet is connected to its broker.")
    counters: dict[str, int]
