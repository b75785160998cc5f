"""Objects of bytes: bounded, whole or not at all, apart for each workload."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_host.blob_places import BlobPlaces
from edge_host.blobs import BlobError, Blobs, Containers
from edge_host.interfaces.blobstore import Names
from edge_host.labels import Labels


def put(containers: Containers, container: str, name: str, data: bytes) -> None:
    draft = containers.draft(1 << 20)
    try:
        draft.write(data)
        containers.keep(draft, container, name)
    finally:
        draft.close()


def get(containers: Containers, container: str, name: str) -> bytes:
    with os.fdopen(containers.open(container, name), "rb") as file:
        return file.read()


@pytest.mark.parametrize("name", ["a", "c/d.jpg", "..", "../../x", ".part", "äöü", "a%2fb", "x" * 64])
def test_any_name_is_a_name_inside_its_container(tmp_path: Path, name: str) -> None:
    store = Blobs(tmp_path / "blobs", 1000)
    containers = store.of_workload("one")
    containers.create("box")
    put(containers, "box", name, b"bytes")
    assert get(containers, "box", name) == b"bytes"
    assert containers.names("box") == [name]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["blobs"]


@pytest.mark.parametrize("name", ["", "x" * 65, "ä" * 33])
def test_other_names_are_refused(tmp_path: Path, name: str) -> None:
    containers = Blobs(tmp_path, 1000).of_workload("one")
    containers.create("box")
    with pytest.raises(BlobError, match="invalid-name"):
        put(containers, "box", name, b"bytes")


def test_the_bound_is_for_all_of_a_workload(tmp_path: Path) -> None:
    store = Blobs(tmp_path, 10)
    containers = store.of_workload("one")
    for box in ("first", "second"):
        containers.create(box)
        put(containers, box, "half", b"12345")
    with pytest.raises(BlobError, match="over-limit"):
        put(containers, "first", "more", b"1")
    put(containers, "first", "half", b"54321")
    assert get(containers, "first", "half") == b"54321"
    other = store.of_workload("other")
    other.create("first")
    put(other, "first", "mine", b"1234567890")
    store.remove("one")
    assert not containers.exists("first")
    assert get(other, "first", "mine") == b"1234567890"


def test_a_listing_may_be_asked_for_any_number_of_names() -> None:
    names = Names(iter(["a", "b", "c"]))
    assert names.take(1) == (["a"], False)
    assert names.take(2**64 - 1) == (["b", "c"], True)


def test_an_object_stays_readable_when_it_is_replaced(tmp_path: Path) -> None:
    containers = Blobs(tmp_path, 1000).of_workload("one")
    containers.create("box")
    put(containers, "box", "name", b"old")
    with os.fdopen(containers.open("box", "name"), "rb") as file:
        put(containers, "box", "name", b"new")
        containers.remove("box", "name")
        assert file.read() == b"old"
    with pytest.raises(BlobError, match="no such object"):
        containers.open("box", "name")


def test_what_was_not_kept_leaves_nothing(tmp_path: Path) -> None:
    containers = Blobs(tmp_path, 1000).of_workload("one")
    containers.create("box")
    draft = containers.draft(1000)
    draft.write(b"half")
    draft.close()
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["box"]


def test_a_container_may_have_a_folder_of_its_own(tmp_path: Path) -> None:
    labels = Labels({"archive": Blobs(tmp_path / "archive", 1000)})
    places = BlobPlaces(tmp_path / "default", labels)
    blobs = places.of_workload("one")
    for name in ("archive", "other"):
        blobs.of_container(name).create(name)
    draft = blobs.draft()
    draft.write(b"bytes")
    blobs.of_container("other").keep(draft, "other", "x")
    draft.close()
    blobs.copy(("other", "x"), ("archive", "x"))
    assert (tmp_path / "archive/one/archive/x").read_bytes() == b"bytes"
    places.remove("one")
    assert not (tmp_path / "archive/one").exists()
    assert not (tmp_path / "default/one").exists()
