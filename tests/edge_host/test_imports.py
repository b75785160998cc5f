"""What a running agent has imported: its own parts, a few libraries, and none of the large modules it does not need."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable

from edge_host.lean import installed
from edge_host.postponed import postpone
from tests.edge_host import components
from tests.edge_host.conftest import AgentProcess
from tests.edge_host.fleet_double import FleetDouble, make_release

OURS = {"edge_host", "wire"}
LIBRARIES = {"wasmtime", "paho", "cbor2", "_cbor2", "nacl", "_cffi_backend"}
UNWANTED = {
    *("argparse", "csv", "difflib", "email", "http", "zipfile", "tempfile", "xml", "unittest", "multiprocessing"),
    *("random", "json", "zlib", "zoneinfo", "cronsim", "serial", "h11"),
    *("_ssl", "_hashlib"),
    *("importlib.metadata", "importlib.resources", "urllib.response", "pydoc", "doctest", "pickle", "decimal"),
}
PROGRAM = """
import sys
from edge_host.__main__ import main
code = main(["--config", sys.argv[1]])
files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
import json
print(json.dumps(files))
sys.exit(code)
"""


def test_a_running_agent_has_imported_little(fleet: FleetDouble, new_agent: Callable[..., AgentProcess]) -> None:
    agent = new_agent()
    command = [sys.executable, "-c", PROGRAM, str(agent.config)]
    with agent.log.open("ab") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
    agent.process = process
    fleet.wait("edge-1", lambda received: received.reported, "first report")
    fleet.desire("edge-1", make_release("thermometer", components.thermometer()))
    fleet.wait_state("edge-1", "thermometer", "confirmed")
    fleet.wait_telemetry("edge-1", 2)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    files = json.loads(said)
    packages = {name for name, file in files.items() if file and "site-packages" in file and "." not in name}
    known = OURS | LIBRARIES
    strangers = {name for name in packages if name not in known and not name.startswith(("_", "petiole"))}
    assert not strangers, "the agent imports another library: is it needed, and can it be loaded when it is?"
    loaded = {name for name in UNWANTED if name in files}
    assert not loaded, "large modules were imported at start"


def test_a_postponed_module_loads_at_its_first_use() -> None:
    program = """
import sys
from edge_host.postponed import postpone
postpone("xml.dom.minidom")
import xml.dom.minidom
assert "xml.dom.expatbuilder" not in sys.modules and "xml.dom.NodeFilter" not in sys.modules
assert not hasattr(xml.dom.minidom, "no_such_name")
assert xml.dom.minidom.parseString("<a>1</a>").documentElement.tagName == "a"
import xml.dom.minidom as again
assert again.__file__
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_module_that_is_loaded_stays() -> None:
    before = sys.modules["json"]
    postpone("json")
    assert sys.modules["json"] is before


def test_versions_are_those_of_the_metadata() -> None:
    from importlib.metadata import version

    assert installed("wasmtime") == version("wasmtime")
    assert installed("petiole") == version("petiole")
    assert installed("no-such-package") is None
