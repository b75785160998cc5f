"""What clients send to the API."""

from typing import Any

from pydantic import BaseModel, Field

from fleet.views import DeviceKind

NAME = "1 to 32 of a-z, 0-9 and '-', beginning and ending with a letter or digit"


class NewSite(BaseModel):
    """A site to make."""

    name: str = Field(description=NAME, examples=["greenhouse"])


class NewToken(BaseModel):
    """A token to make."""

    site: str = Field(description="Site at which the device will be enrolled.", examples=["greenhouse"])


class Enrolment(BaseModel):
    """A device that wants to belong to the fleet."""

    token: str = Field(description="One-time token from `POST /tokens`.")
    device: str = Field(description=NAME, examples=["an505-1"])
    kind: DeviceKind
    public_key: str | None = Field(None, description="Ed25519 public key (64 hex digits) that a board made.")
    csr: str | None = Field(None, description="Certificate signing request (PEM, PKCS #10) of an edge host.")
    facts: dict[str, Any] = Field(default_factory=dict, description="What the device says of itself, as in reports.")


class NewAnchor(BaseModel):
    """A key whose signatures shall be accepted."""

    public_key: str = Field(description="Ed25519 public key, 64 hex digits.")
    name: str = Field(description=NAME, examples=["release"])


class Deployment(BaseModel):
    """Which release a device shall run."""

    release: str = Field(description="SHA-256 (hex) of the release's manifest.")


class NewCommand(BaseModel):
    """A command for a device."""

    command: str = Field(
        description="`ping`, `restart` (args: workload) or `report`.", examples=["ping"], max_length=32
    )
    args: dict[str, Any] = Field(default_factory=dict)
