"""Components of one workload: what they get from each other, and what is wrong between them."""

from pathlib import Path

import pytest

from provisioning import grants, sequences
from provisioning.component import load_workload
from provisioning.component_compiler import World
from provisioning.errors import InputError
from tests.provisioning import workloads
from wire.descriptor import Grant
from wire.manifest import Workload

CONVERT = "farm:units/convert@1.0.0"
HANDLER = "petiole:schedule/handler@0.1.0"
EVERY = workloads.SCHEDULE.replace("every: 1s", "every: 1s, components: hello")


def workload(folder: Path, *others: str, interfaces: str = EVERY) -> Workload:
    extra = "".join(f"        - {{name: {name}, image: 'file:{name}.wasm'}}\n" for name in others)
    return load_workload(workloads.write(folder, crate=None, interfaces=interfaces, extra=extra))


def test_an_import_comes_from_the_one_component_that_exports_it(tmp_path: Path) -> None:
    worlds = [World((CONVERT,), (HANDLER,)), World((), (CONVERT,))]
    completed = grants.complete(workload(tmp_path, "units"), worlds)
    consumer, provider = completed.release.components
    assert consumer.grants == {CONVERT: Grant(("units",))}
    assert provider.grants == {}


def test_two_providers_leave_the_choice_to_the_file(tmp_path: Path) -> None:
    worlds = [World((CONVERT,), (HANDLER,)), World((), (CONVERT,)), World((), (CONVERT,))]
    with pytest.raises(InputError, match="components metric and imperial both export") as caught:
        grants.complete(workload(tmp_path, "metric", "imperial"), worlds)
    entry = caught.value.next_step.removeprefix("say which: ").replace("component: metric", "component: imperial")
    chosen = workload(tmp_path, "metric", "imperial", interfaces=f"{EVERY}        {entry}\n")
    assert grants.complete(chosen, worlds).release.components[0].grants == {CONVERT: Grant(("imperial",))}


def test_what_nobody_exports(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no host offers and no component of the workload exports"):
        grants.complete(workload(tmp_path, "units"), [World((CONVERT,), (HANDLER,)), World((), ())])


def test_a_named_provider_has_to_export_it(tmp_path: Path) -> None:
    entry = "{namespace: farm, package: units, interfaces: [convert], version: 1.0.0, config: {component: units}}"
    named = workload(tmp_path, "units", interfaces=f"{EVERY}        - {entry}\n")
    with pytest.raises(InputError, match="component units does not export farm:units/convert") as caught:
        grants.complete(named, [World((CONVERT,), (HANDLER,)), World((), ("farm:units/other@1.0.0",))])
    assert "it exports farm:units/other@1.0.0" in caught.value.next_step


def test_a_ring_is_refused(tmp_path: Path) -> None:
    other = "farm:units/names@1.0.0"
    worlds = [World((CONVERT,), (HANDLER, other)), World((other,), (CONVERT,)), World((), ())]
    with pytest.raises(InputError, match="the components hello, units call each other in a ring"):
        grants.complete(workload(tmp_path, "units", "alone"), worlds)


@pytest.mark.parametrize(
    ("interface", "export"),
    [
        ("{namespace: petiole, package: gpio, interfaces: [handler], config: {label: a, edge: any}}", "petiole:gpio"),
        (
            "{namespace: wasmcloud, package: messaging, interfaces: [handler], config: {subjects: a}}",
            "wasmcloud:messaging",
        ),
    ],
)
def test_each_trigger_needs_its_export(tmp_path: Path, interface: str, export: str) -> None:
    with pytest.raises(InputError, match=f"but exports no {export}/handler") as caught:
        grants.complete(workload(tmp_path, interfaces=f"        - {interface}\n"), [World((), (HANDLER,))])
    assert f"remove {export}" in caught.value.next_step


def test_numbers_go_up_even_when_the_clock_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "numbers-go-up"
    first = sequences.reserve(name)
    monkeypatch.setattr("time.time", lambda: 1.0)
    assert sequences.reserve(name) == first + 1
    assert sequences.reserve(name, above=first + 100) == first + 101


def test_boards_lack_what_edge_hosts_alone_offer(tmp_path: Path) -> None:
    worlds = [World(("wasi:cli/environment@0.2.6",), (HANDLER,))]
    assert grants.complete(workload(tmp_path), worlds).release.components[0].grants == {}
    with pytest.raises(InputError, match=r"imports wasi:cli/environment@0\.2\.6, which edge hosts alone offer"):
        grants.complete(workload(tmp_path), worlds, boards=True)
