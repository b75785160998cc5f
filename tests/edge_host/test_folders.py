"""No path of a guest leads out of its folder, whatever links there are."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_host import folders
from edge_host.folders import Opened, Wanted

STEPS = st.sampled_from(["..", ".", "", "inner", "deep", "up", "away", "absolute", "file", "secret", "root", "ring"])
PATHS = st.lists(STEPS, min_size=1, max_size=7).map("/".join)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with links to everywhere, and a secret beside it."""
    (tmp_path / "secret").write_text("secret")
    root = tmp_path / "root"
    (root / "inner/deep").mkdir(parents=True)
    for folder in (root, root / "inner", root / "inner/deep"):
        (folder / "file").write_text("fine")
        (folder / "up").symlink_to("..")
        (folder / "away").symlink_to("../../../secret")
        (folder / "absolute").symlink_to(tmp_path / "secret")
        (folder / "ring").symlink_to("ring")
        (folder / "root").symlink_to("../../root")
    return root


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=PATHS, follow=st.booleans())
def test_whatever_is_opened_lies_inside(tree: Path, path: str, follow: bool) -> None:
    root = folders.open_root(tree, read_only=False)
    try:
        opened = folders.open_at(root, path, Wanted(read=True), follow=follow)
    except OSError as error:
        assert error.errno in (errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.ELOOP), error
    else:
        real = Path(f"/proc/self/fd/{opened.fd}").readlink()
        assert real == tree or tree in real.parents
        opened.close()
    finally:
        root.close()


@pytest.mark.parametrize(
    "path", ["..", "../secret", "/etc/passwd", "inner/../../secret", "away", "absolute", "up/secret"]
)
def test_nothing_outside_is_changed(tree: Path, path: str) -> None:
    root = folders.open_root(tree, read_only=False)
    before = sorted(tree.parent.iterdir())
    actions = (
        lambda: folders.open_at(root, path, Wanted(write=True, create=True, truncate=True), follow=True),
        lambda: folders.stat_at(root, path, follow=True),
        lambda: folders.make_folder(root, path),
        lambda: folders.set_times_at(root, path, (0, 0), follow=True),
        lambda: folders.link(root, path, root, "stolen", follow=True),
    )
    for action in actions:
        with pytest.raises(OSError, match="Errno"):
            action()
    assert (tree.parent / "secret").read_text() == "secret"
    assert sorted(tree.parent.iterdir()) == before
    assert not (tree / "stolen").exists()
    root.close()


def test_a_folder_that_is_swapped_for_a_link_is_not_followed(tree: Path) -> None:
    root = folders.open_root(tree, read_only=False)
    (tree / "inner").rename(tree / "was")
    (tree / "inner").symlink_to(tree.parent)
    with pytest.raises(PermissionError):
        folders.open_at(root, "inner/secret", Wanted(read=True), follow=True)
    root.close()


def test_reading_alone_changes_nothing(tree: Path) -> None:
    root = folders.open_root(tree, read_only=True)
    for wanted in (Wanted(write=True), Wanted(read=True, create=True), Wanted(truncate=True)):
        with pytest.raises(OSError, match="Read-only"):
            folders.open_at(root, "file", wanted, follow=True)
    for action in (
        lambda: folders.make_folder(root, "x"),
        lambda: folders.unlink(root, "file"),
        lambda: folders.remove_folder(root, "inner"),
        lambda: folders.rename(root, "file", root, "x"),
        lambda: folders.symlink(root, "file", "x"),
        lambda: folders.set_times_at(root, "file", (0, 0), follow=True),
    ):
        with pytest.raises(OSError, match="Read-only"):
            action()
    inner = folders.open_at(root, "inner", Wanted(read=True, change=True, folder=True), follow=True)
    with pytest.raises(OSError, match="Read-only"):
        folders.unlink(inner, "file")
    inner.close()
    root.close()


def test_pipes_and_devices_are_not_opened(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    root = folders.open_root(tree, read_only=False)
    with pytest.raises(PermissionError):
        folders.open_at(root, "pipe", Wanted(read=True), follow=True)
    root.close()


def test_listing_has_types_and_no_more_than_the_folder(tree: Path) -> None:
    root = folders.open_root(tree, read_only=True)
    assert {name for name, _ in folders.entries(root)} == {entry.name for entry in tree.iterdir()}
    root.close()


def test_closing_twice_closes_nothing_else(tree: Path) -> None:
    root = folders.open_root(tree, read_only=True)
    root.close()
    other = os.open(tree, os.O_RDONLY)
    root.close()
    os.fstat(other)
    os.close(other)
    assert isinstance(root, Opened)
