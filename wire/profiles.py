"""Target classes: what an artifact must match, as text and as ids (formats.md section 3)."""

import uuid

VENDOR_ID = uuid.uuid5(uuid.NAMESPACE_URL, "urn:petiole")

EDGE_PROFILE = "petiole:host@0.1.0 component"


def class_id(profile: str) -> uuid.UUID:
    """The class id of a profile, for example of `EDGE_PROFILE` or of a board's published one."""
    return uuid.uuid5(VENDOR_ID, profile)
