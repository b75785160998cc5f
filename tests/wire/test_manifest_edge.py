"""Workload files with what only edge hosts do: its meaning, each mistake with its line, what keeps it from boards."""

from pathlib import Path

import pytest

from tests.vectors import edge_descriptors
from wire import descriptor, interfaces, manifest
from wire.descriptor import Grant, Limits
from wire.edge_options import EdgeOptions, Mount
from wire.errors import MalformedError
from wire.images import WebFile
from wire.oci import Reference
from wire.triggers import Calendar, Concurrency, Every, HttpRoute, MessageFilter, Missed, SchedulePolicy

DIGEST = "ab" * 32

GOOD = """\
apiVersion: runtime.wasmcloud.dev/v1alpha1
kind: WorkloadDeployment
metadata:
  name: greenhouse
  labels: {app.kubernetes.io/version: "1.0.0"}
spec:
  template:
    spec:
      volumes: [{name: data}, {name: photos}]
      components:
        - name: control
          image: registry.example/greenhouse/control:1.4.0
          poolSize: 2
          maxInvocations: 500
          maxConcurrency: 4
          localResources:
            environment: {config: {LOG: info}, secretFrom: [{name: mqtt-login}]}
            config: {setpoint: "21"}
            volumeMounts: [{name: data, mountPath: /data}, {name: photos, mountPath: /photos, readOnly: true}]
            allowedHosts: ["https://api.example.org", "time.example:8080", "*.weather.example", "http://localhost:9000"]
            memoryLimitMb: 8
      hostInterfaces:
        - {namespace: wasi, package: http, interfaces: [incoming-handler, outgoing-handler], config: {path: /api}}
        - {namespace: petiole, package: schedule, interfaces: [handler], config: {every: 1s, concurrency: replace}}
        - {namespace: wasi, package: cli, interfaces: [environment], version: 0.2.6}
"""
SCHEDULE = "{every: 1s, concurrency: replace}"
EVERY_SECOND = "        - {namespace: petiole, package: schedule, interfaces: [handler], config: {every: 1s}}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "workload.yaml"


def test_everything_of_one_component(file: Path) -> None:
    file.write_text(GOOD)
    workload = manifest.load(file)
    (part,) = workload.release.components
    assert part.edge == EdgeOptions(
        environment={"LOG": "info"},
        secrets=("mqtt-login",),
        mounts=(Mount("data", "/data"), Mount("photos", "/photos", read_only=True)),
        allowed_hosts=("api.example.org:443", "time.example:8080", "*.weather.example", "localhost:9000"),
        pool_size=2,
        max_invocations=500,
        max_concurrency=4,
    )
    assert part.config == {"setpoint": "21"}
    assert part.limits == Limits(memory=8 * 1024 * 1024)
    assert part.triggers == (HttpRoute("*", "/api"), Every(1000, SchedulePolicy(concurrency=Concurrency.REPLACE)))
    assert part.grants == {interfaces.OUTGOING_HTTP.full_name: Grant()}
    assert workload.images == (Reference("registry.example", "greenhouse/control", "1.4.0"),)
    assert descriptor.decode(descriptor.encode(workload.release)) == workload.release


def test_what_keeps_it_from_boards_has_its_line(file: Path) -> None:
    file.write_text(GOOD)
    found = {(limit.place, limit.what) for limit in manifest.load(file).edge_only}
    assert {
        (f"{file}:13", "poolSize: 2"),
        (f"{file}:17", "environment"),
        (f"{file}:19", "volumeMounts"),
        (f"{file}:20", "allowedHosts"),
        (f"{file}:23", "wasi:http/incoming-handler"),
        (f"{file}:24", "a rule of petiole:schedule"),
    } <= found


@pytest.mark.parametrize(
    ("said", "edge", "kept_from_boards", "unpooled"),
    [
        ("", None, [], ("control",)),
        ("          poolSize: 0\n", None, [], ()),
        ("          poolSize: 1\n", EdgeOptions(pool_size=1), [], ()),
        ("          poolSize: 3\n", EdgeOptions(pool_size=3), ["poolSize: 3"], ()),
        (
            "          poolSize: 1\n          maxInvocations: 9\n",
            EdgeOptions(pool_size=1, max_invocations=9),
            ["maxInvocations"],
            (),
        ),
    ],
)
def test_how_many_instances_are_kept(
    said: str, edge: EdgeOptions | None, kept_from_boards: list[str], unpooled: tuple[str, ...], file: Path
) -> None:
    head, _, rest = GOOD.partition("          poolSize: 2\n")
    file.write_text(head + said + "      hostInterfaces:\n" + EVERY_SECOND)
    workload = manifest.load(file)
    assert rest
    assert workload.release.components[0].edge == edge
    assert [limit.what for limit in workload.edge_only] == kept_from_boards
    assert workload.unpooled == unpooled
    assert workload.for_boards().release.components[0].edge is None


def test_every_option_comes_back_from_its_descriptor() -> None:
    for case in edge_descriptors.make():
        read = descriptor.decode(bytes.fromhex(case["bytes"]))
        assert descriptor.encode(read).hex() == case["bytes"]
        (part,) = read.components
        name = case["name"]
        assert part.edge == edge_descriptors.OPTIONS.get(name)
        assert part.triggers == ((edge_descriptors.TRIGGERS[name],) if name in edge_descriptors.TRIGGERS else ())


RULES = [
    ("{every: 5m}", Every(300_000)),
    ("{every: 5m, concurrency: forbid}", Every(300_000)),
    (
        '{cron: "@hourly", concurrency: allow, start-deadline: 10s, jitter: 500ms, missed: run-once, suspend: "true"}',
        Calendar("0 * * * *", None, SchedulePolicy(Concurrency.ALLOW, 10_000, 500, Missed.RUN_ONCE, True)),
    ),
    (
        '{cron: "@daily", time-zone: Europe/Berlin, missed: skip, jitter: 1m}',
        Calendar("0 0 * * *", "Europe/Berlin", SchedulePolicy(jitter=60_000)),
    ),
]


@pytest.mark.parametrize(("config", "expected"), RULES)
def test_rules_of_a_schedule(file: Path, config: str, expected: Every | Calendar) -> None:
    file.write_text(GOOD.replace(SCHEDULE, config))
    assert manifest.load(file).release.components[0].triggers[1] == expected


IMAGES = [
    (f"oci://127.0.0.1:5000/a/b:1@sha256:{DIGEST}", Reference("127.0.0.1:5000", "a/b", "1", bytes.fromhex(DIGEST))),
    (f"localhost:5000/a@sha256:{DIGEST}", Reference("localhost:5000", "a", None, bytes.fromhex(DIGEST))),
    (f"https://web.example/a.wasm@sha256:{DIGEST}", WebFile("https://web.example/a.wasm", bytes.fromhex(DIGEST))),
    (f"http://127.0.0.1:1/a@b@sha256:{DIGEST}", WebFile("http://127.0.0.1:1/a@b", bytes.fromhex(DIGEST))),
]


@pytest.mark.parametrize(("image", "expected"), IMAGES)
def test_images_from_elsewhere(file: Path, image: str, expected: Reference | WebFile) -> None:
    file.write_text(GOOD.replace("registry.example/greenhouse/control:1.4.0", image))
    assert manifest.load(file).images == (expected,)


def test_images_beside_the_file(file: Path) -> None:
    for name in ("a.wasm", "../other/a.wasm", "out.d/a:b.wasm", "x.y:1/a"):
        file.write_text(GOOD.replace("registry.example/greenhouse/control:1.4.0", f"file:{name}"))
        assert manifest.load(file).images == (file.parent / name,)


def test_the_digest_of_a_web_file_may_stand_in_an_annotation(file: Path) -> None:
    text = GOOD.replace("registry.example/greenhouse/control:1.4.0", "https://web.example/a.wasm")
    file.write_text(
        text.replace("metadata:\n", f"metadata:\n  annotations: {{petiole.build/digest: 'sha256:{DIGEST}'}}\n")
    )
    assert manifest.load(file).images == (WebFile("https://web.example/a.wasm", bytes.fromhex(DIGEST)),)


def test_named_interfaces_are_labels_of_the_device(file: Path) -> None:
    text = """\
        - {name: plant, namespace: wasmcloud, package: messaging, interfaces: [types, consumer, handler],
           config: {subjects: "plant.>"}}
        - {namespace: wasmcloud, package: messaging, interfaces: [consumer], config: {subjects: local.a}}
        - {name: fast, namespace: wasi, package: keyvalue, interfaces: [store, atomics, batch]}
        - {name: durable, namespace: wasi, package: keyvalue, interfaces: [store]}
        - {namespace: wasi, package: blobstore, interfaces: [blobstore], config: {containers: "photos, maps"}}
        - {namespace: wasi, package: config, interfaces: [store], secretFrom: [{name: api-key}, {name: mqtt-login}]}
"""
    text = text.replace("interfaces: [consumer]", "name: local, interfaces: [consumer]")
    file.write_text(GOOD + text)
    (part,) = manifest.load(file).release.components
    assert part.edge is not None
    assert part.edge.bindings == {"plant": ("plant.>",), "local": ("local.a",)}
    assert part.edge.secrets == ("mqtt-login", "api-key")
    assert part.grants[interfaces.MESSAGING.full_name] == Grant(("plant.>", "local.a"))
    assert part.grants[interfaces.KEY_VALUE.full_name] == Grant(("fast", "durable"))
    assert part.grants[interfaces.ATOMICS.full_name] == Grant()
    assert part.grants[interfaces.BLOBSTORE.full_name] == Grant(("photos", "maps"))
    assert MessageFilter("plant.>") in part.triggers


def test_every_interface_that_hosts_list_can_be_granted(file: Path) -> None:
    came_along = {companion for interface in interfaces.IMPORTS for companion in interface.companions}
    for interface in interfaces.IMPORTS:
        if interface.full_name in came_along:
            continue
        namespace, _, package = interface.package.partition(":")
        key = {"wasi:keyvalue": "buckets", "wasi:blobstore": "containers", "wasmcloud:messaging": "subjects"}
        config = f", config: {{{key.get(interface.package, 'labels')}: one}}" if interface.labelled else ""
        head, _, _ = GOOD.partition("        - {namespace: wasi, package: http")
        entry = f"        - {{namespace: {namespace}, package: {package}, interfaces: [{interface.name}]{config}}}\n"
        file.write_text(head + entry)
        workload = manifest.load(file)
        granted = workload.release.components[0].grants
        assert granted == (
            {} if interface.free else {interface.full_name: Grant(("one",) if interface.labelled else None)}
        )
        on_edge_hosts = (f"{file}:23", f"{interface.package}/{interface.name}")
        assert interface.edge_only == (on_edge_hosts in {(limit.place, limit.what) for limit in workload.edge_only})


MISTAKES = [
    ("poolSize: 2", 'poolSize: "2"', 13, "is not a whole number"),
    ("poolSize: 2", "poolSize: -1", 13, "is not a whole number"),
    ("poolSize: 2", "poolsize: 2", 13, "did you mean 'poolSize'?"),
    ("poolSize: 2", "reclaimWindowSeconds: 2", 13, "does not support: idle instances are dropped"),
    ("{name: data}", "{name: data, hostPath: {path: /x}}", 9, "does not support: the volume's name is a label"),
    ("{name: data}", "{name: Data}", 9, "is not a label name"),
    ("{name: data}", "{name: photos}", 9, "two volumes 'photos'"),
    ("{name: data, mountPath", "{name: dat, mountPath", 19, "there is no volume 'dat': did you mean 'data'?"),
    ("mountPath: /data", "mountPath: data", 19, "is not an absolute path"),
    ("mountPath: /data", "mountPath: /photos", 19, "two mounts have the same path"),
    ("readOnly: true", "readOnly: yes", 19, "neither true nor false"),
    ("https://api.example.org", "ftp://api.example.org", 20, "http or https"),
    ("https://api.example.org", "https://api.example.org/v1", 20, "is not host, host:port"),
    ("https://api.example.org", "https://*", 20, "write '*', or the hosts by name"),
    ("allowedHosts:", "allowedIpNameLookups:", 20, "does not support: names are looked up"),
    ("memoryLimitMb: 8", "cpuLimit: 8", 21, "add petiole:limits with fuel-per-second"),
    ("secretFrom:", "configFrom:", 17, "there are no ConfigMaps"),
    ("{name: mqtt-login}", "{name: mqtt-login, key: a}", 17, "unknown field"),
    ("{name: mqtt-login}", "{name: MQTT}", 17, "is not a secret name"),
    ("{LOG: info}", "{LOG: true}", 17, 'write it in quotes, "true"'),
    ("{LOG: info}", "{'A=B': x}", 17, "is not the name of an environment variable"),
    ("config: {path: /api}", "config: {path: api}", 23, "api"),
    ("config: {path: /api}", "config: {host: 'a b'}", 23, "a b"),
    ("config: {path: /api}", "config: {address: '*'}", 23, "unknown field"),
    ("config: {path: /api}", "name: web", 23, "no instances to choose from"),
    ("config: {path: /api}", "secretFrom: [{name: a}]", 23, "under [labels.NAME]"),
    ("config: {path: /api}", "configFrom: []", 23, "there are no ConfigMaps"),
    ("concurrency: replace", "concurrency: replaced", 24, "did you mean 'replace'?"),
    ("concurrency: replace", "missed: once", 24, "expected skip, run-once"),
    ("concurrency: replace", "jitter: 5", 24, 'write it in quotes, "5"'),
    ("concurrency: replace", "start-deadline: '5'", 24, "write 500ms, 1s, 5m or 1h"),
    ("concurrency: replace", 'suspend: "false"', 24, 'suspend has the one value "true"'),
    (SCHEDULE, '{start: "true", jitter: 1s}', 24, "unknown field"),
    ("version: 0.2.6", "version: 0.3.0", 25, "offered is 0.2.0"),
    ("[environment]", "[enviroment]", 25, "did you mean 'environment'?"),
    ("    spec:\n      volumes", "    spec:\n      hostSelector: {a: b}\n      volumes", 9, "with petiole deploy"),
]


@pytest.mark.parametrize(("right", "wrong", "line", "message"), MISTAKES)
def test_mistakes(file: Path, right: str, wrong: str, line: int, message: str) -> None:
    assert right in GOOD
    file.write_text(GOOD.replace(right, wrong, 1))
    with pytest.raises(MalformedError) as caught:
        manifest.load(file)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{file}:{line}: ")


def test_memory_is_limited_once(file: Path) -> None:
    entry = "        - {namespace: petiole, package: limits, interfaces: [], config: {memory: '65536'}}\n"
    file.write_text(GOOD + entry)
    with pytest.raises(MalformedError, match="has memoryLimitMb already"):
        manifest.load(file)
    file.write_text(GOOD + entry.replace("memory", "handles"))
    assert manifest.load(file).release.components[0].limits == Limits(memory=8 * 1024 * 1024, handles=65536)
