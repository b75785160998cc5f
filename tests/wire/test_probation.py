"""What a workload file may ask a release on probation for, and how it travels."""

from pathlib import Path

import pytest

from wire import descriptor, manifest
from wire.descriptor import Component, Descriptor
from wire.errors import MalformedError
from wire.probation import Probation, ProbationKind

FILE = """
apiVersion: runtime.wasmcloud.dev/v1alpha1
kind: WorkloadDeployment
metadata: {{name: greenhouse, labels: {{app.kubernetes.io/version: "1.0"}}}}
spec:
  template:
    spec:
      components: [{{name: sensor, image: "file:sensor.wasm"}}]
      hostInterfaces:
        - {{namespace: petiole, package: probation, interfaces: [], config: {{{config}}}}}
"""


def load(folder: Path, config: str) -> Probation:
    file = folder / "workload.yaml"
    file.write_text(FILE.format(config=config))
    return manifest.load(file).descriptor().probation


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ('calls: "5"', Probation(5, 60)),
        ("health: calls", Probation()),
        ('health: probe, calls: "2", seconds: "30"', Probation(2, 30, int(ProbationKind.EXPORT))),
        ("health: http, path: /health", Probation(sign=int(ProbationKind.HTTP), path="/health")),
        ("health: telemetry", Probation(sign=int(ProbationKind.TELEMETRY))),
    ],
)
def test_signs_of_health_travel_as_they_were_written(config: str, expected: Probation, tmp_path: Path) -> None:
    found = load(tmp_path, config)
    assert found == expected
    release = Descriptor("greenhouse", "1.0", (Component("sensor"),), found)
    assert descriptor.decode(descriptor.encode(release)) == release


def test_what_boards_know_is_byte_for_byte_what_it_was() -> None:
    plain = descriptor.encode(Descriptor("greenhouse", "1.0", (Component("sensor"),)))
    assert plain.endswith(bytes([4, 0xA2, 0, 3, 1, 0x18, 60]))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("health: prob", "expected calls, probe, http, telemetry: did you mean"),
        ("health: http", "probation has a path when it asks over HTTP"),
        ("path: /health", "probation has a path when it asks over HTTP"),
        ("health: http, path: health", "is not a path that begins with /"),
    ],
)
def test_mistakes_are_told_with_their_line(config: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match=said) as error:
        load(tmp_path, config)
    assert "workload.yaml:" in str(error.value)


def test_a_board_is_not_asked_for_what_it_does_not_know(tmp_path: Path) -> None:
    file = tmp_path / "workload.yaml"
    file.write_text(FILE.format(config="health: telemetry"))
    loaded = manifest.load(file)
    assert any("health: telemetry" in str(item) for item in loaded.edge_only)
