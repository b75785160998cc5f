"""A component that is built once for all tests here."""

from pathlib import Path

import pytest

from provisioning import component
from provisioning.component import BuiltComponent
from tests.provisioning import workloads


@pytest.fixture(scope="session")
def hello(tmp_path_factory: pytest.TempPathFactory) -> BuiltComponent:
    """The example `hello`, built by cargo and petiole-aot."""
    folder: Path = tmp_path_factory.mktemp("hello")
    return component.build(workloads.write(folder))


@pytest.fixture
def workload_file(hello: BuiltComponent, tmp_path: Path) -> Path:
    """A workload file beside the built component, that does not say how to build it again."""
    (tmp_path / "hello.wasm").write_bytes(hello.path.read_bytes())
    return workloads.write(tmp_path, crate=None)
