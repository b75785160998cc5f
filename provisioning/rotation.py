"""Rotating the trust anchors of devices: new keys, signed by an old one, through the fleet (formats.md section 2)."""

import time
from collections.abc import Sequence

from provisioning.api import Fleet, Json
from provisioning.errors import InputError
from provisioning.keys import PublicKey
from wire import rotation
from wire.errors import WireError


def rotate(api: Fleet, devices: Sequence[str], new: Sequence[PublicKey], seed: bytes, *, force: bool = False) -> None:
    """Make `new` the only trust anchors of `devices`; `seed` is a private key that they trust until then.

    The fleet accepts the new keys from then on, and the old ones until they are removed.
    """
    known = [api.device(name) for name in devices]
    sequence = max(int(time.time()), *(entry["rotation"]["sequence"] + 1 for entry in known if entry["rotation"]), 0)
    try:
        message = rotation.make([key.public for key in new], sequence, seed)
    except WireError as error:
        raise InputError(f"these keys make no rotation: {error}") from error
    for key in new:
        api.add_anchor(key.name, key.public)
    for name in devices:
        api.rotate(name, message, force=force)


def state(api: Fleet) -> list[Json]:
    """For each device the keys that it trusts and shall trust, by name where the fleet knows one."""
    names = {anchor["kid"]: anchor["name"] for anchor in api.anchors()}
    rows = []
    for entry in api.devices():
        wanted = entry["rotation"]
        rows.append(
            {
                "device": entry["device"],
                "trusts": None if entry["anchors"] is None else _named(entry["anchors"], names),
                "shall_trust": _named(wanted["anchors"], names) if wanted and not wanted["done"] else None,
            }
        )
    return rows


def _named(kids: Sequence[str], names: dict[str, str]) -> list[str]:
    return [f"{names[kid]} ({kid})" if kid in names else kid for kid in kids]
