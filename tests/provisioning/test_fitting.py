"""What a device reported against what a workload asks for."""

from pathlib import Path
from typing import Any

import pytest

from provisioning import fitting
from provisioning.component import load_workload
from provisioning.errors import InputError
from tests.provisioning import workloads

INTERFACES = """\
        - {namespace: wasi, package: i2c, interfaces: [i2c], config: {labels: i2c-env}}
        - {namespace: wasi, package: keyvalue, interfaces: [store], config: {buckets: state}}
        - {namespace: wasmcloud, package: messaging, interfaces: [consumer], config: {subjects: "a.>"}}
        - {namespace: petiole, package: gpio, interfaces: [handler], config: {label: door, edge: any}}
        - {namespace: petiole, package: limits, interfaces: [], config: {memory: "131072"}}
"""
FITS = {"labels": {"i2c-env": "wasi:i2c/i2c", "door": "wasi:gpio/digital"}, "limits": {"memory": 131_072}}


@pytest.mark.parametrize("facts", [{}, FITS, {"labels": "odd", "limits": None}, {"limits": {"memory": "odd"}}])
def test_what_fits_or_is_not_known(tmp_path: Path, facts: dict[str, Any]) -> None:
    fitting.check(load_workload(workloads.write(tmp_path, interfaces=INTERFACES)), "b-1", facts)


@pytest.mark.parametrize(
    ("facts", "said", "next_step"),
    [
        (FITS | {"labels": {"door": "", "led": ""}}, "'i2c-env', which the device does not have", "it has door, led"),
        (FITS | {"labels": {"i2c-env": ""}}, "'door', which the device does not have", "it has i2c-env"),
        (FITS | {"limits": {"memory": 65_536}}, "limit memory 131072, the device allows 65536", "petiole:limits"),
    ],
)
def test_what_does_not_fit(tmp_path: Path, facts: dict[str, Any], said: str, next_step: str) -> None:
    with pytest.raises(InputError) as caught:
        fitting.check(load_workload(workloads.write(tmp_path, interfaces=INTERFACES)), "b-1", facts)
    assert said in caught.value.what
    assert next_step in caught.value.next_step


def test_folders_and_links_are_labels_of_the_device(tmp_path: Path) -> None:
    file = workloads.write(
        tmp_path,
        interfaces="        - {name: plant, namespace: wasmcloud, package: messaging, interfaces: [consumer],\n"
        '           config: {subjects: "a.>"}}\n',
    )
    mounts = "localResources: {volumeMounts: [{name: data, mountPath: /data}]}"
    text = file.read_text().replace("hello.wasm'", f"hello.wasm', {mounts}")
    file.write_text(text.replace("      components:", "      volumes: [{name: data}]\n      components:"))
    has = {"plant": "wasmcloud:messaging/consumer", "data": "wasi:filesystem/preopens"}
    fitting.check(load_workload(file), "edge-1", {"labels": has})
    for missing in has:
        with pytest.raises(InputError, match=f"'{missing}', which the device does not have"):
            fitting.check(load_workload(file), "edge-1", {"labels": {key: has[key] for key in has if key != missing}})
