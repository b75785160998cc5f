"""Places in deployed components, found in what the build kept."""

from pathlib import Path

import pytest

from provisioning import checkout, component_compiler, component_symbols
from provisioning.component import BuiltComponent
from provisioning.component_symbols import Image
from provisioning.errors import ToolError

RELEASE = bytes(range(32))


@pytest.fixture
def kept(hello: BuiltComponent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BuiltComponent:
    """A release of the example, kept in a folder of its own."""
    component_compiler.find()
    monkeypatch.setattr(checkout, "cache", lambda: tmp_path)
    component_symbols.keep(RELEASE, [Image("hello", hello.path)])
    return hello


def test_a_function_of_a_kept_release_has_the_name_of_the_source(kept: BuiltComponent) -> None:
    places = [component_symbols.explain(RELEASE, "hello", function=number, pc=None) for number in range(8)]
    names = [place.name for place in places if place is not None]
    assert any(name is not None and name.endswith("schedule/handler@0.1.0#run") for name in names)


def test_a_place_in_the_code_has_a_file_and_a_line(kept: BuiltComponent) -> None:
    places = [place for pc in range(kept.size) if pc % 16 == 0 and (place := _place(pc)) is not None]
    lines = {(Path(place.file).name, place.line) for place in places if place.file is not None}
    assert any(name == "arena.rs" and line for name, line in lines)


def test_nothing_is_known_of_releases_built_elsewhere(kept: BuiltComponent) -> None:
    assert component_symbols.explain(bytes(32), "hello", function=1, pc=None) is None
    assert component_symbols.explain(RELEASE, "other", function=1, pc=None) is None
    assert component_symbols.explain(RELEASE, "hello", function=None, pc=None) is None


def test_the_oldest_releases_make_room(kept: BuiltComponent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(component_symbols, "KEPT_RELEASES", 1)
    component_symbols.keep(bytes(32), [Image("hello", kept.path)])
    assert component_symbols.explain(RELEASE, "hello", function=1, pc=None) is None
    assert component_symbols.explain(bytes(32), "hello", function=1, pc=None) is not None


def _place(pc: int) -> component_compiler.Source | None:
    try:
        return component_symbols.explain(RELEASE, "hello", function=None, pc=pc)
    except ToolError:
        return None
