"""Routes on sites, enrolment, devices and trust anchors."""

from fastapi import APIRouter, status

from fleet.api.dependencies import DeviceName, Fleet, Force, RevisionAnswer, errors
from fleet.api.requests import Enrolment, NewAnchor, NewRotation, NewSite, NewToken
from fleet.views import AnchorView, DeviceView, EnrolledView, HealthView, SiteView, TokenView

router = APIRouter()


@router.get("/health", tags=["fleet"])
def health(fleet: Fleet) -> HealthView:
    """Whether the fleet reaches its database and its broker."""
    return fleet.health()


@router.post("/sites", tags=["sites"], status_code=status.HTTP_201_CREATED, responses=errors(400, 409))
def add_site(fleet: Fleet, site: NewSite) -> SiteView:
    """Makes a site, with its own account on the embedded broker."""
    return fleet.add_site(site.name)


@router.get("/sites", tags=["sites"])
def list_sites(fleet: Fleet) -> list[SiteView]:
    """All sites."""
    return fleet.sites()


@router.post("/tokens", tags=["enrolment"], status_code=status.HTTP_201_CREATED, responses=errors(404))
def make_token(fleet: Fleet, token: NewToken) -> TokenView:
    """Makes a token with which one device can enrol within an hour. It is shown this once."""
    return fleet.new_token(token.site)


@router.post("/enroll", tags=["enrolment"], responses=errors(400, 403, 409))
def enroll(fleet: Fleet, enrolment: Enrolment) -> EnrolledView:
    """Takes a device into the fleet, or renews the certificate of the same device (by its key)."""
    return fleet.enroll(
        token=enrolment.token,
        device=enrolment.device,
        kind=enrolment.kind,
        public_key=enrolment.public_key,
        csr=enrolment.csr,
        facts=enrolment.facts,
    )


@router.get("/devices", tags=["devices"])
def list_devices(fleet: Fleet) -> list[DeviceView]:
    """All devices."""
    return fleet.devices()


@router.get("/devices/{device}", tags=["devices"], responses=errors(404))
def show_device(fleet: Fleet, device: DeviceName) -> DeviceView:
    """One device."""
    return fleet.device(device)


@router.delete("/devices/{device}", tags=["devices"], status_code=status.HTTP_204_NO_CONTENT, responses=errors(404))
def remove_device(fleet: Fleet, device: DeviceName) -> None:
    """Takes a device out of the fleet with everything it reported, and closes its connection to the embedded broker."""
    fleet.remove_device(device)


@router.post("/anchors", tags=["releases"], status_code=status.HTTP_201_CREATED, responses=errors(400))
def add_anchor(fleet: Fleet, anchor: NewAnchor) -> AnchorView:
    """Accepts the signatures of a public key. Devices get the keys at their enrolment."""
    return fleet.add_anchor(anchor.name, anchor.public_key)


@router.delete("/anchors/{kid}", tags=["releases"], status_code=status.HTTP_204_NO_CONTENT, responses=errors(404))
def remove_anchor(fleet: Fleet, kid: str) -> None:
    """Accepts the signatures of a key no longer. Devices that have it keep it until a rotation."""
    fleet.remove_anchor(kid)


@router.put("/devices/{device}/anchors", tags=["devices"], responses=errors(400, 404, 409))
def rotate(fleet: Fleet, device: DeviceName, rotation: NewRotation, force: Force = False) -> RevisionAnswer:
    """Wants other trust anchors on a device, by a rotation that was signed with a key that it trusts.

    `unknown-key` and `old-sequence` when the device would refuse it.
    """
    return RevisionAnswer(revision=fleet.rotate(device, rotation.message, force=force))


@router.get("/anchors", tags=["releases"])
def list_anchors(fleet: Fleet) -> list[AnchorView]:
    """All keys whose signatures are accepted."""
    return fleet.anchors()
