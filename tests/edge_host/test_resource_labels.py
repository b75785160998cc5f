"""Labels that are no hardware of a bus: read from the configuration, opened, and what guests find behind them."""

from __future__ import annotations

import http.client
import os
import pty
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_host.backends import open_labels
from edge_host.config_labels import read_labels
from edge_host.config_resources import SerialAt
from edge_host.devices.serial import Port
from edge_host.errors import ConfigError, DeviceError
from edge_host.interfaces import serial
from edge_host.key_values import KeyValueFile
from edge_host.labels import Labels
from edge_host.links import Local
from edge_host.release import check_component
from edge_host.simulated_serial import Loop
from edge_host.toml_table import Table
from tests.edge_host.bench import Bench
from tests.edge_host.conftest import AgentProcess, free_port
from wire.descriptor import Component, Grant
from wire.edge_options import EdgeOptions, Mount
from wire.errors import RefusedError
from wire.interfaces import SERIAL


def opened(folder: Path, **labels: dict[str, object]) -> Labels:
    """The labels of a configuration in `folder`, whose state folder is `folder`/state."""
    (folder / "state").mkdir(exist_ok=True)
    return open_labels(read_labels(Table(folder / "agent.toml", "", {"labels": labels})), folder / "state")


def test_each_kind_is_opened(tmp_path: Path) -> None:
    (tmp_path / "recipes").mkdir()
    labels = opened(
        tmp_path,
        recipes={"interface": "wasi:filesystem/preopens", "path": "recipes", "read-only": True},
        quick={"interface": "wasi:keyvalue/store", "backend": "memory"},
        slow={"interface": "wasi:keyvalue/store", "backend": "sqlite"},
        plant={"interface": "wasmcloud:messaging/consumer", "backend": "local"},
        console={"interface": "petiole:serial/ports", "backend": "simulated"},
        modem={"interface": "petiole:serial/ports", "backend": "linux", "port": "/dev/null", "baud": 9600},
    )
    folder = labels.folder("recipes")
    assert folder is not None
    assert (folder.path, folder.read_only) == (tmp_path / "recipes", True)
    assert set(labels.all_of(KeyValueFile)) == {"quick", "slow"}
    assert isinstance(labels.carrier("plant"), Local)
    assert isinstance(labels.serial("console"), Loop)
    assert isinstance(labels.serial("modem"), Port)
    store = KeyValueFile(None, labels.all_of(KeyValueFile))
    store.component("workload", "part", 1000).set("slow", "key", b"value")
    store.close()
    assert (tmp_path / "state/slow.keyvalue.db").exists()


@pytest.mark.parametrize(
    ("label", "key", "words"),
    [
        ({"interface": "wasi:filesystem/preopens"}, "path", "missing"),
        ({"interface": "wasi:filesystem/preopens", "path": "x", "backend": "linux"}, "backend", "leave it out"),
        ({"interface": "wasi:keyvalue/store"}, "backend", "memory, sqlite"),
        ({"interface": "wasi:keyvalue/store", "backend": "nats"}, "backend", "memory, sqlite"),
        ({"interface": "wasi:keyvalue/store", "backend": "memory", "file": "x"}, "file", "unknown"),
        ({"interface": "wasmcloud:messaging/consumer", "backend": "nats", "url": "mqtt://h"}, "url", "nats://"),
        ({"interface": "wasmcloud:messaging/consumer", "backend": "mqtt", "url": "mqtt://u:p@h"}, "url", "password"),
        ({"interface": "petiole:serial/ports", "backend": "linux"}, "port", "missing"),
        ({"interface": "wasi:i2c/i2c"}, "backend", "linux or simulated"),
    ],
)
def test_mistakes_are_named(label: dict[str, object], key: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=words) as error:
        opened(tmp_path, it=label)
    assert error.value.key == f"labels.it.{key}"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="recipes"):
        opened(tmp_path, recipes={"interface": "wasi:filesystem/preopens", "path": "recipes"})


def test_buckets_with_a_label_lie_where_it_says(tmp_path: Path) -> None:
    labels = opened(tmp_path, quick={"interface": "wasi:keyvalue/store", "backend": "memory"})
    for _ in range(2):
        store = KeyValueFile(tmp_path / "keyvalue.db", labels.all_of(KeyValueFile))
        values = store.component("workload", "part", 1000)
        values.set("quick", "key", b"in memory")
        values.set("other", "key", b"on disk")
        assert values.get("quick", "key") == b"in memory"
        assert values.keys("quick", 0) == (["key"], None)
        store.remove("workload")
        assert values.get("quick", "key") is None
        values.set("other", "key", b"on disk")
    assert b"on disk" in (tmp_path / "keyvalue.db").read_bytes() + (tmp_path / "keyvalue.db-wal").read_bytes()
    assert b"in memory" not in (tmp_path / "keyvalue.db").read_bytes() + (tmp_path / "keyvalue.db-wal").read_bytes()
    store.close()


@pytest.mark.parametrize(
    ("options", "grants"),
    [
        (EdgeOptions(mounts=(Mount("nowhere", "/data"),)), {}),
        (EdgeOptions(bindings={"nowhere": ("a.>",)}), {}),
        (None, {SERIAL.full_name: Grant(("nowhere",))}),
    ],
)
def test_what_a_device_lacks_is_refused_before_it_runs(
    options: EdgeOptions | None, grants: dict[str, Grant], bench: Bench
) -> None:
    with pytest.raises(RefusedError, match=r"no-such-label: nowhere: .*\[labels.nowhere\]"):
        check_component(Component("part", grants, edge=options), bench.labels)


def test_a_real_port_carries_bytes_both_ways_and_tells_when_it_is_gone(bench: Bench) -> None:
    ours, theirs = pty.openpty()
    context = bench.context({SERIAL.full_name: Grant(("modem",))})
    context.labels = Labels({"modem": Port(SerialAt(os.ttyname(theirs)))})
    port = serial.open_port(context, "modem")
    assert not isinstance(port, str)
    assert serial.open_port(context, "modem") == "busy"
    os.write(ours, b"hello")
    got = b""
    while len(got) < 5:
        assert context.wait(port.waiting, time.monotonic() + 20)
        got += serial.read(context, port, 100)
    assert got == b"hello"
    serial.write(context, port, b"answer")
    assert os.read(ours, 100) == b"answer"
    os.close(theirs)
    os.close(ours)
    assert context.wait(port.waiting, time.monotonic() + 20)
    with pytest.raises(OSError, match=r".*"):
        port.read(1)
    port.close()


def test_the_agent_listens_where_its_configuration_says(new_agent: Callable[..., AgentProcess]) -> None:
    port = free_port()
    agent = new_agent(extra=f'[http]\nlisten = "127.0.0.1:{port}"\n').start()
    deadline = time.monotonic() + 30
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/nobody")
        except ConnectionError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
            continue
        response = connection.getresponse()
        assert (response.status, response.read()) == (404, b"no workload answers here\n")
        break
    assert agent.stop() == 0
