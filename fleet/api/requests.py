"""What clients send to the API."""

from typing import Any

from pydantic import BaseModel, Field

from fleet.errors import InvalidError
from fleet.views import DeviceKind
from wire.errors import MalformedError
from wire.messages import GuestMessage

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

    public_key: str = Field(description="Ed25519 public key, 64 hex digits, or compressed point on P-256, 66.")
    name: str = Field(description=NAME, examples=["release"])


class NewRotation(BaseModel):
    """Trust anchors that a device shall have."""

    rotation: str = Field(description="The signed rotation in hex, as `petiole keys rotate` makes it.")

    @property
    def message(self) -> bytes:
        """The rotation's bytes."""
        try:
            return bytes.fromhex(self.rotation)
        except ValueError:
            raise InvalidError("malformed", "the rotation is not written in hex") from None


class NewMessage(BaseModel):
    """A message for guests."""

    subject: str = Field(description="Tokens parted by dots.", examples=["greenhouse.vent"])
    text: str | None = Field(None, description="The data, as text.")
    data: str | None = Field(None, description="The data, in hex; this or `text`.")
    reply: str | None = Field(None, description="Subject for an answer.")

    def guest_message(self) -> GuestMessage:
        """The message as it is sent. InvalidError when it is none."""
        try:
            data = (self.text or "").encode() if self.data is None else bytes.fromhex(self.data)
            return GuestMessage(self.subject, data, self.reply)
        except MalformedError as error:
            raise InvalidError("malformed", str(error)) from error
        except ValueError:
            raise InvalidError("malformed", "data is not written in hex") from None


class Deployment(BaseModel):
    """Which release a device shall run."""

    release: str = Field(description="SHA-256 (hex) of the release's manifest.")


class NewCommand(BaseModel):
    """A command for a device."""

    command: str = Field(
        description="`ping`, `restart` (args: workload) or `report`.", examples=["ping"], max_length=32
    )
    args: dict[str, Any] = Field(default_factory=dict)
