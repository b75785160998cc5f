"""Every conformance guest on an edge host: a real agent, told what to run by a double of the fleet."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from provisioning.bundle import Target
from tests.conformance.guests import GUESTS, Guest
from tests.edge_host.conftest import AgentProcess
from tests.edge_host.fleet_double import SEED, FleetDouble, Made, Received
from wire.messages import DesiredWorkload
from wire.suit import Envelope, join

pytestmark = pytest.mark.system

DEVICE = "edge-conformance"
LABELS = """
[labels.spi-loop]
interface = "wasi:spi/spi"
backend = "simulated"
[labels.button]
interface = "wasi:gpio/digital"
backend = "simulated"
[labels.loop-out]
interface = "wasi:gpio/digital"
backend = "simulated"
[labels.loop-in]
interface = "wasi:gpio/digital"
backend = "simulated"
wired-to = "loop-out"
[labels.dimmer]
interface = "wasi:gpio/pwm"
backend = "simulated"
"""


def release(guest: Guest) -> Made:
    """The guest's release as the fleet holds it."""
    envelope = Envelope.parse(guest.bundle(SEED, Target.EDGE))
    payload = join(envelope.payloads[code.uri] for code in envelope.manifest.codes)
    digest = envelope.manifest.codes[0].digest
    return Made(
        DesiredWorkload(guest.workload, envelope.manifest_digest, envelope.sever(), digest, len(payload)), payload
    )


def results(guest: Guest, received: Received) -> dict[str, bool]:
    """What the guest reported of its checks."""
    told = {m.name: m.value for m in received.telemetry.values() if m.workload == guest.workload}
    return {name: bool(told[name]) for name in guest.expected if name in told}


@pytest.mark.parametrize("guest", GUESTS, ids=lambda guest: guest.name)
def test_a_guest_reports_every_check(fleet: FleetDouble, new_agent: Callable[..., AgentProcess], guest: Guest) -> None:
    made = release(guest)
    new_agent(device=DEVICE, extra=LABELS).start()
    fleet.wait(DEVICE, lambda received: received.reported, "first report")
    fleet.desire(DEVICE, made)
    fleet.wait(DEVICE, lambda received: len(results(guest, received)) == len(guest.expected), "every check", 60)
    assert results(guest, fleet.received(DEVICE)) == guest.expected
