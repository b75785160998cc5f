"""Gives a board its identity, over its serial port at the desk (formats.md section 8, commands 0 to 2).

The board makes its own key; only the public half ever leaves it. It gets its name, its site and the trust anchors of
the fleet, proves that it holds the key, and only then the fleet learns of it. Every step may be repeated: a board that
was enrolled under the same name before goes on with the proof.
"""

import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from provisioning.api import Fleet, Json
from provisioning.errors import DeviceError, FleetError, InputError
from provisioning.smp_client import SmpClient
from wire.names import is_name
from wire.smp import PROVE_PREFIX, Petiole

NONCE_BYTES = 32
ENTROPY_BYTES = 32
KEY_BYTES = 32


def enroll_board(api: Fleet, client: SmpClient, name: str, site: str) -> Json:
    """Enrol the board behind `client`; returns the fleet's answer with `public_key` and the board's `facts` added.

    Raises InputError for wrong names or a board that has another identity, else FleetError or DeviceError.
    """
    check_names(name, site)
    facts = client.facts()
    if facts.get("device"):
        key = _known_key(facts, client.port, name, site)
    else:
        token, anchors = api.token(site), trusted(api)
        request = {"device": name, "site": site, "anchors": anchors, "entropy": secrets.token_bytes(ENTROPY_BYTES)}
        key = _key(client.write(Petiole.ENROLL, request).get("key"), client.port)
        return _register(api, client, name, key, token)
    return _register(api, client, name, key, api.token(site))


def check_names(name: str, site: str) -> None:
    """Raises InputError unless both are names."""
    for kind, text in (("device", name), ("site", site)):
        if not is_name(text):
            raise InputError(
                f"{text!r} is not a {kind} name", next_step="use 1 to 32 of a-z, 0-9 and '-', such as greenhouse-1"
            )


def trusted(api: Fleet) -> list[bytes]:
    """The fleet's trust anchors. Raises FleetError when there is none: nothing could ever be deployed."""
    anchors = [bytes.fromhex(anchor["public_key"]) for anchor in api.anchors()]
    if not anchors:
        raise FleetError(
            "the fleet trusts no release key yet, so that nothing could ever be deployed to this device",
            where=api.url,
            next_step="make one and let it be trusted: petiole keys new release && petiole keys trust release.pub",
        )
    return anchors


def prove(client: SmpClient, key: bytes) -> None:
    """Let the board sign a fresh nonce. Raises DeviceError when the signature is not made by `key`."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    signature = client.write(Petiole.PROVE, {"nonce": nonce}).get("sig")
    try:
        VerifyKey(key).verify(PROVE_PREFIX + nonce, signature if isinstance(signature, bytes) else b"")
    except (BadSignatureError, ValueError) as error:
        raise DeviceError(
            "the board does not hold the key that it names: its signature over a fresh nonce is wrong",
            where=client.port,
            next_step="erase the board's data flash, flash it again and enroll it anew",
        ) from error


def plain(facts: Mapping[str, Any]) -> Json:
    """Facts of a board as JSON: the class id as UUID text, other bytes as hex."""

    def value(name: str, item: Any) -> Any:
        if isinstance(item, bytes):
            return str(uuid.UUID(bytes=item)) if name == "class" and len(item) == 16 else item.hex()
        if isinstance(item, Mapping):
            return {str(key): value(str(key), inner) for key, inner in item.items()}
        if isinstance(item, list):
            return [value(name, inner) for inner in item]
        return item

    return {str(name): value(str(name), item) for name, item in facts.items()}


def _known_key(facts: Mapping[str, Any], port: str, name: str, site: str) -> bytes:
    if (facts.get("device"), facts.get("site")) != (name, site):
        raise InputError(
            f"this board already is {facts.get('device')!r} of site {facts.get('site')!r}",
            where=port,
            next_step="an identity is given once; erase the board's data flash to give it another",
        )
    return _key(facts.get("key"), port)


def _register(api: Fleet, client: SmpClient, name: str, key: bytes, token: str) -> Json:
    prove(client, key)
    facts = plain(client.facts())
    answer = api.enroll(
        {"token": token, "device": name, "kind": "board", "public_key": key.hex(), "csr": None, "facts": facts}
    )
    return answer | {"public_key": key.hex(), "facts": facts}


def _key(value: Any, port: str) -> bytes:
    if not isinstance(value, bytes) or len(value) != KEY_BYTES:
        raise DeviceError("the board answered without its public key", where=port, next_step="flash it again")
    return value
