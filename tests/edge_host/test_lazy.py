"""What an agent does not use is not loaded."""

from __future__ import annotations

import subprocess
import sys

RARE = (
    *("h11", "edge_host.http.server", "edge_host.http.client", "edge_host.interfaces.http_types"),
    *("edge_host.interfaces.files", "edge_host.folders", "edge_host.blobs", "edge_host.interfaces.blobstore"),
    *("edge_host.links_mqtt", "edge_host.links_nats", "edge_host.devices.serial", "edge_host.simulated_serial"),
    *("edge_host.interfaces.streams", "edge_host.interfaces.cli", "edge_host.interfaces.sockets"),
)


def test_interfaces_that_no_guest_imports_are_not_loaded() -> None:
    code = f"import sys, edge_host.agent; print([name for name in {RARE!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
