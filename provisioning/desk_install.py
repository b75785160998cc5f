"""Installing a bundle on a board over its own serial port, without fleet or edge host (formats.md section 8).

The board makes every check that it makes for the fleet: signature, class, sequence number, grants. Confirming stands in
for the round trip to the fleet; the board's own probation (good calls) counts all the same.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from provisioning.errors import DeploymentError, DeviceRefusedError
from provisioning.smp_client import SmpClient
from wire.refusals import Refusal
from wire.smp import Petiole
from wire.suit import Envelope, join

BLOCK = 1024
POLL_SECONDS = 0.2

Progress = Callable[[int, int], None]
"""Called with the bytes that the board has and the size of the payload."""


def install(client: SmpClient, bundle: bytes, progress: Progress = lambda _offset, _size: None) -> str:
    """Send the bundle and activate it; returns the workload's name. An interrupted installation goes on.

    Raises DeviceRefusedError with the board's reason, MalformedError if `bundle` is none.
    """
    envelope = Envelope.parse(bundle)
    answer = send_envelope(client, envelope.sever())
    name, size, offset = str(answer["name"]), int(answer["size"]), int(answer["next"])
    payload = join(envelope.payloads[code.uri] for code in envelope.manifest.codes)
    while offset < size:
        answer = client.write(Petiole.PAYLOAD, {"off": offset, "data": payload[offset : offset + BLOCK]})
        offset = int(answer["off"])
        progress(offset, size)
    client.write(Petiole.ACTIVATE, {"name": name})
    return name


def send_envelope(client: SmpClient, envelope: bytes) -> Mapping[str, Any]:
    """Send a severed envelope; the answer to its last byte names the workload and where its payload goes on."""
    offset = 0
    answer: Mapping[str, Any] = {}
    while offset < len(envelope):
        request = {"off": offset, "data": envelope[offset : offset + BLOCK]}
        if offset == 0:
            request["len"] = len(envelope)
        answer = client.write(Petiole.ENVELOPE, request)
        offset = int(answer["off"])
    return answer


def workload(client: SmpClient, name: str) -> Mapping[str, Any] | None:
    """What the board says about one workload, None if it has none of that name."""
    entries = client.read(Petiole.WORKLOADS)["workloads"]
    return next((entry for entry in entries if entry["name"] == name), None)


def confirm(client: SmpClient, name: str, seconds: float) -> Mapping[str, Any]:
    """Wait until a release on probation is confirmed.

    Raises DeploymentError if it was rolled back, failed, or is still on probation after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        entry = workload(client, name)
        state = entry["state"] if entry else "removed"
        if entry and state == "confirmed":
            return entry
        if entry is None or state in ("rolled-back", "failed") or time.monotonic() > deadline:
            reason = entry["reason"] if entry else ""
            raise DeploymentError(f"{name} is {state}: {reason}", where=f"board on {client.port}")
        try:
            client.write(Petiole.CONFIRM, {"name": name, "seq": entry["seq"]})
        except DeviceRefusedError as error:
            if error.rc != Refusal.WRONG_STATE:
                raise
        time.sleep(POLL_SECONDS)
