"""Workload files: what they mean, and the error for each mistake with its line and cure."""

from pathlib import Path

import pytest

from wire import manifest
from wire.descriptor import Component, Descriptor, Grant, Limits, Probation
from wire.errors import MalformedError
from wire.triggers import AtStart, Calendar, EdgeKind, Every, InputEdge, MessageFilter, Service, Trigger

GOOD = """\
apiVersion: runtime.wasmcloud.dev/v1alpha1
kind: WorkloadDeployment
metadata:
  name: thermometer
  labels: {app.kubernetes.io/version: "1.0.0"}
  annotations: {petiole.build/crate: "guest", petiole.build/features: "kelvin, fast"}
spec:
  template:
    spec:
      components:
        - name: thermometer
          image: file:out/thermometer.wasm
          localResources: {config: {samples: "1"}}
      hostInterfaces:
        - {namespace: wasi, package: logging, interfaces: [logging]}
        - {namespace: wasi, package: i2c, interfaces: [i2c], config: {labels: "i2c-env, i2c-2"}}
        - {namespace: wasi, package: clocks, interfaces: [monotonic-clock], version: 0.2.0}
        - {namespace: petiole, package: schedule, interfaces: [handler], config: {every: 1s}}
        - {namespace: petiole, package: limits, interfaces: [], config: {fuel-per-call: "5000", key-value-bytes: "1"}}
        - {namespace: petiole, package: probation, interfaces: [], config: {calls: "5", seconds: "30"}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "workload.yaml"


def test_a_good_file(file: Path) -> None:
    file.write_text(GOOD)
    workload = manifest.load(file)
    component = Component(
        "thermometer",
        {
            "wasi:logging/logging@0.1.0-draft": Grant(),
            "wasi:i2c/i2c@0.2.0-draft": Grant(("i2c-env", "i2c-2")),
            "wasi:clocks/monotonic-clock@0.2.0": Grant(),
        },
        Limits(fuel_per_call=5000, key_value_bytes=1),
        {"samples": "1"},
        (Every(1000),),
    )
    assert workload.descriptor() == Descriptor("thermometer", "1.0.0", (component,), Probation(5, 30))
    assert workload.images == (file.parent / "out/thermometer.wasm",)
    assert workload.builds == (manifest.Build(file.parent / "guest", ("kelvin", "fast")),)


def test_only_the_least(file: Path) -> None:
    head, _, _ = GOOD.partition("      hostInterfaces")
    file.write_text(head.replace("  annotations: {petiole.build/crate", "  annotations: {other/crate"))
    workload = manifest.load(file)
    assert workload.builds == (None,)
    assert workload.release.components[0].grants == {}


def test_several_components(file: Path) -> None:
    second = "        - {name: second, image: 'file:second.wasm'}\n      hostInterfaces:\n"
    text = GOOD.replace("      hostInterfaces:\n", second).replace("build/features", "build/features.thermometer")
    text = text.replace("build/crate", "build/crate.thermometer")
    text = text.replace("{every: 1s}", '{every: 1s, components: "thermometer"}')
    file.write_text(text)
    workload = manifest.load(file)
    first, other = workload.release.components
    assert first.triggers == (Every(1000),)
    assert other.triggers == ()
    assert other.grants == first.grants
    assert workload.builds == (manifest.Build(file.parent / "guest", ("kelvin", "fast")), None)


def test_a_companion_beside_its_interface_adds_nothing(file: Path) -> None:
    entry = "{namespace: wasi, package: gpio, interfaces: [types, digital], config: {labels: led}}"
    file.write_text(GOOD.replace("{namespace: wasi, package: logging, interfaces: [logging]}", entry))
    grants = manifest.load(file).release.components[0].grants
    assert grants["wasi:gpio/digital@0.2.0"] == Grant(("led",))
    assert "wasi:gpio/types@0.2.0" not in grants


SCHEDULE = "{namespace: petiole, package: schedule, interfaces: [handler], config: {every: 1s}}"
MESSAGING = "{namespace: wasmcloud, package: messaging, interfaces: [handler], config: {subjects: SUBJECTS}}"

TRIGGERS: list[tuple[str, list[Trigger]]] = [
    (SCHEDULE.replace("1s", "250ms"), [Every(250)]),
    (SCHEDULE.replace("every: 1s", 'cron: "@every 2h"'), [Every(7_200_000)]),
    (SCHEDULE.replace("every: 1s", 'cron: "*/5 * * * *"'), [Calendar("*/5 * * * *")]),
    (SCHEDULE.replace("every: 1s", 'cron: "0  6 * JAN,mar Mon-FRI"'), [Calendar("0 6 * 1,3 1-5")]),
    (SCHEDULE.replace("every: 1s", 'cron: "@daily", time-zone: UTC'), [Calendar("0 0 * * *")]),
    (
        SCHEDULE.replace("every: 1s", 'cron: "30 0 6 * * *", time-zone: Europe/Berlin'),
        [Calendar("30 0 6 * * *", "Europe/Berlin")],
    ),
    (SCHEDULE.replace("every: 1s", 'start: "true"'), [AtStart()]),
    (
        "{namespace: petiole, package: gpio, interfaces: [handler], config: {label: door, edge: falling}}",
        [InputEdge("door", EdgeKind.FALLING)],
    ),
    (MESSAGING.replace("SUBJECTS", '"alarm.*, b.>"'), [MessageFilter("alarm.*"), MessageFilter("b.>")]),
]


@pytest.mark.parametrize(("entry", "expected"), TRIGGERS, ids=lambda value: value if isinstance(value, str) else "")
def test_triggers(file: Path, entry: str, expected: list[Trigger]) -> None:
    file.write_text(GOOD.replace(SCHEDULE, entry))
    assert manifest.load(file).release.components[0].triggers == tuple(expected)


def test_a_component_may_have_several_triggers(file: Path) -> None:
    both = f"{SCHEDULE}\n        - {SCHEDULE.replace('every: 1s', 'cron: 0 0 * * *')}"
    file.write_text(GOOD.replace(SCHEDULE, both))
    assert manifest.load(file).release.components[0].triggers == (Every(1000), Calendar("0 0 * * *"))


NO_BUILD = GOOD.replace('  annotations: {petiole.build/crate: "guest", petiole.build/features: "kelvin, fast"}\n', "")


def test_of_several_components_each_has_its_own_build(file: Path) -> None:
    second = "        - {name: second, image: 'file:second.wasm'}\n      hostInterfaces:\n"
    file.write_text(GOOD.replace("      hostInterfaces:\n", second))
    with pytest.raises(MalformedError, match=r"did you mean 'petiole.build/crate.\w+'"):
        manifest.load(file)


def test_a_service(file: Path) -> None:
    field = "      service: {image: 'file:poll.wasm', localResources: {config: {pace: slow}}}\n      hostInterfaces:\n"
    text = NO_BUILD.replace("      hostInterfaces:\n", field).replace("every: 1s", "every: 1s, components: thermometer")
    file.write_text(text)
    workload = manifest.load(file)
    first, service = workload.release.components
    assert first.triggers == (Every(1000),)
    assert (service.name, service.triggers, service.config) == ("service", (Service(),), {"pace": "slow"})
    assert workload.images == (file.parent / "out/thermometer.wasm", file.parent / "poll.wasm")


def test_an_interface_of_another_component(file: Path) -> None:
    second = "        - {name: second, image: 'file:second.wasm'}\n      hostInterfaces:\n"
    entry = "{namespace: farm, package: units, interfaces: [convert], version: 1.0.0, config: {component: second}}"
    file.write_text(NO_BUILD.replace("      hostInterfaces:\n", second + f"        - {entry}\n"))
    first, other = manifest.load(file).release.components
    assert first.grants["farm:units/convert@1.0.0"] == Grant(("second",))
    assert "farm:units/convert@1.0.0" not in other.grants


MISTAKES = [
    ("v1alpha1", "v1", 1, "expected 'runtime.wasmcloud.dev/v1alpha1'"),
    ("kind: WorkloadDeployment", "kind: Workload", 2, "expected 'WorkloadDeployment'"),
    ("  name: thermometer\n", "", 4, "metadata.name is missing"),
    ("name: thermometer", "name: Thermometer", 4, "is not a workload name"),
    ("app.kubernetes.io/version", "version", 5, 'add {app.kubernetes.io/version: "1.0.0"}'),
    ('"1.0.0"', "1.0", 5, 'write it in quotes, "1.0"'),
    ('"1.0.0"', f'"{"1" * 33}"', 5, "not 1 to 32 bytes"),
    ("petiole.build/features", "petiole.build/feature", 6, "did you mean 'petiole.build/features'?"),
    ("          image:", "          imagePullPolicy: Always\n          image:", 12, "Petiole does not support"),
    (
        "          image:",
        "          imag:",
        12,
        "unknown field spec.template.spec.components[0].imag: did you mean 'image'?",
    ),
    ("file:out/thermometer.wasm", "oci://registry/x", 12, "has neither a tag nor a digest"),
    ("file:out/thermometer.wasm", "oci://registry/X:1", 12, "names nothing in a registry"),
    ("file:out/thermometer.wasm", "oci://registry/x:1@sha256:12", 12, "is not a digest"),
    ("file:out/thermometer.wasm", "https://web/x.wasm", 12, "has no digest"),
    ("file:out/thermometer.wasm", "http://web/x.wasm@sha256:" + "0" * 64, 12, "asked over https alone"),
    ("file:out/thermometer.wasm", "https://u:p@web/x@sha256:" + "0" * 64, 12, "must not hold a user"),
    ("file:out/thermometer.wasm", "oci://registry/x:1", 6, "is fetched, not built"),
    ("file:out/thermometer.wasm", "thermometer.wasm", 12, "is none of file:NAME.wasm, oci://"),
    ("file:out/thermometer.wasm", "'file:'", 12, "names no file"),
    ('samples: "1"', "samples: 1", 13, 'write it in quotes, "1"'),
    ('samples: "1"', 'samples: "1", samples: "2"', 13, "'samples' is there twice"),
    ("package: logging", "package: loging", 15, "did you mean 'wasi:logging'?"),
    ("interfaces: [logging]", "interfaces: [log]", 15, "no host offers wasi:logging/log"),
    ("interfaces: [logging]}", "interfaces: [logging], configFrom: []}", 15, "Petiole does not support"),
    ("interfaces: [logging]}", "interfaces: [logging], config: {labels: a}}", 15, "unknown field"),
    (
        "interfaces: [logging]}",
        "interfaces: [logging, logging]}",
        15,
        "is granted wasi:logging/logging@0.1.0-draft already",
    ),
    (', config: {labels: "i2c-env, i2c-2"}', "", 16, "add config: {labels: NAME}"),
    ("i2c-env, i2c-2", "I2C", 16, "is not a label name"),
    ("i2c-env, i2c-2", "i2c-env, 'x'", 16, "is not a label name"),
    (
        "{namespace: wasi, package: logging, interfaces: [logging]}",
        "{namespace: petiole, package: i2c, interfaces: [buses]}",
        15,
        "it comes with wasi:i2c/i2c",
    ),
    ("version: 0.2.0", "version: 0.3.0", 17, "offered is 0.2.0"),
    ("{every: 1s}", "{every: 1 s}", 18, "write 500ms, 1s, 5m or 1h"),
    ("{every: 1s}", "{every: 0s}", 18, "write 500ms, 1s, 5m or 1h"),
    ("{every: 1s}", "{every: 1s, time-zone: UTC}", 18, "unknown field"),
    ("{every: 1s}", "{every: 1s, cron: 0 0 * * *}", 18, "petiole:schedule is written"),
    ("{every: 1s}", "{cron: 0 0 * *}", 18, "it has five fields"),
    ("{every: 1s}", "{cron: 0 24 * * *}", 18, "'24' is not a hour"),
    ("{every: 1s}", "{cron: 0 9-5 * * *}", 18, "'9-5' is not a hour"),
    ("{every: 1s}", "{cron: 0 * * * SUM}", 18, "'SUM' is not a day of week"),
    ("{every: 1s}", "{cron: 0 0 * * *, time-zone: 'Berlin, Europe'}", 18, "is not the name of a time zone"),
    ("{every: 1s}", '{start: "no"}', 18, 'start has the one value "true"'),
    ("{every: 1s}", "{start: true}", 18, 'write it in quotes, "true"'),
    (SCHEDULE, f"{SCHEDULE}\n        - {SCHEDULE}", 19, "is called every 1000 ms already"),
    (SCHEDULE, "{namespace: petiole, package: gpio, interfaces: [handler], config: {label: a}}", 18, "edge: rising"),
    (
        SCHEDULE,
        "{namespace: petiole, package: gpio, interfaces: [handler], config: {label: a, edge: raising}}",
        18,
        "did you mean 'rising'?",
    ),
    (SCHEDULE, MESSAGING.replace("{subjects: SUBJECTS}", "{}"), 18, "add config: {subjects: NAME}"),
    (SCHEDULE, MESSAGING.replace("SUBJECTS", "'a.>.b'"), 18, "is not a subject filter"),
    (SCHEDULE, MESSAGING.replace("subjects:", "subject:"), 18, "did you mean 'subjects'?"),
    ("package: logging,", "package: logins, version: '1',", 15, "add config: {component: NAME}"),
    (
        "{namespace: wasi, package: logging, interfaces: [logging]}",
        "{namespace: a, package: b, interfaces: [c], config: {component: thermometer}}",
        15,
        "add version: 1.0.0",
    ),
    (
        "{namespace: wasi, package: logging, interfaces: [logging]}",
        "{namespace: a, package: b, interfaces: [c], version: 1.0.0, config: {component: thermo}}",
        15,
        "did you mean 'thermometer'?",
    ),
    ("{every: 1s}", "{evry: 1s}", 18, "petiole:schedule is written"),
    ("{every: 1s}", "{every: 1s, components: other}", 18, "there is no component 'other'"),
    ("fuel-per-call", "fuel", 19, "unknown field"),
    ('"5000"', '"0"', 19, "expected a whole number above zero"),
    ('"5000"', '"5k"', 19, "expected a whole number above zero"),
    ("calls:", "call:", 20, "did you mean 'calls'?"),
    ("spec:\n  template:", "spec:\n  replicas: 2\n  template:", 8, "Petiole does not support"),
    ("metadata:", "metadata: [", 5, "this is not YAML"),
    ("      hostInterfaces:\n", "      hostInterface:\n", 15, "did you mean 'hostInterfaces'?"),
]


@pytest.mark.parametrize(("right", "wrong", "line", "message"), MISTAKES)
def test_mistakes(file: Path, right: str, wrong: str, line: int, message: str) -> None:
    assert right in GOOD
    file.write_text(GOOD.replace(right, wrong, 1))
    with pytest.raises(MalformedError) as caught:
        manifest.load(file)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{file}:{line}: ")


@pytest.mark.parametrize("content", ["", "[1, 2]", "text", "a: &a [*a]", "\x00", "? [a]\n: b"])
def test_files_of_another_kind(file: Path, content: str) -> None:
    file.write_text(content)
    with pytest.raises(MalformedError, match=r"workload\.yaml"):
        manifest.load(file)


def test_missing_and_huge_files(file: Path) -> None:
    with pytest.raises(MalformedError, match="cannot be read: No such file"):
        manifest.load(file)
    file.write_text("#" * 300_000)
    with pytest.raises(MalformedError, match="at most 262144"):
        manifest.load(file)
