"""The example in Python, built by componentize-py and run by the edge host.

Building and compiling take two minutes: what comes out is kept in the cache folder until something changes.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from wasmtime.component import Component as WasmComponent

from edge_host import engine as engines
from edge_host.guest import Guest, check
from edge_host.triggers import RUN
from provisioning import checkout
from provisioning.component import load_workload
from tests.edge_host.bench import Bench
from tests.examples.conftest import EXAMPLES

FOLDER = EXAMPLES / "python-report"
BUILDER = shutil.which("componentize-py", path=str(Path(sys.executable).parent)) or shutil.which("componentize-py")


def built() -> Path:
    """The component, built anew when its sources or the interfaces changed."""
    sources = sorted([*FOLDER.rglob("*.py"), *FOLDER.rglob("*.wit"), *checkout.root().glob("wit/**/*.wit")])
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
    component = checkout.cache() / "python-guests" / digest / "report.wasm"
    if not component.exists():
        component.parent.mkdir(parents=True, exist_ok=True)
        command = ["-d", "../../wit", "-d", "wit", "-w", "petiole:python-report/report", "componentize", "-p", "."]
        draft = component.with_suffix(".part")
        subprocess.run([str(BUILDER), *command, "-o", str(draft), "app"], cwd=FOLDER, check=True, capture_output=True)
        draft.replace(component)
    return component


def compiled(bench: Bench) -> WasmComponent:
    """The component as native code of this machine."""
    component = built()
    native = component.with_name(f"{engines.fingerprint()}.native")
    if not native.exists():
        draft = native.with_suffix(".part")
        draft.write_bytes(WasmComponent(bench.engine, component.read_bytes()).serialize())
        draft.replace(native)
    return WasmComponent.deserialize_file(bench.engine, str(native))


@pytest.mark.system
@pytest.mark.skipif(BUILDER is None, reason="pip install 'petiole[python-guests]'")
@pytest.mark.timeout(900)
def test_a_component_in_python_reads_a_file_and_sends_what_it_finds(bench: Bench) -> None:
    (described,) = load_workload(FOLDER).release.components
    code = compiled(bench)
    check(bench.engine, code, described, {})
    context = bench.context(dict(described.grants), described.limits)
    assert described.edge is not None
    context.options = described.edge
    guest = Guest(bench.engine, bench.host.ticker, code, context)
    bench.guests.append(guest)
    assert guest.handle(RUN) == "/data/readings.json: No such file or directory"
    (bench.readings / "readings.json").write_text("[20.0, 21.5, 23.0]")
    assert guest.handle(RUN) is None
    assert bench.sink.measured == [("mean", "Cel", 21.5)]
    assert ("info", "stdout", "3 readings in /data/readings.json") in bench.sink.lines
