"""`petiole bundle`: what is made is what a device accepts."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from petiole.app import app
from provisioning import bundle, component_compiler, keys
from provisioning.bundle import Target
from provisioning.component import BuiltComponent
from provisioning.errors import InputError
from tests.provisioning import workloads
from wire import profiles
from wire.edge_options import EdgeOptions
from wire.suit import Envelope

RUNNER = CliRunner()


@pytest.fixture
def key(tmp_path: Path) -> Path:
    keys.create("release", tmp_path)
    return tmp_path / "release.key"


def run(*arguments: object) -> Result:
    return RUNNER.invoke(app, ["bundle", *map(str, arguments)])


def test_edge_hosts_get_the_component_itself(workload_file: Path, key: Path, hello: BuiltComponent) -> None:
    made = bundle.make_from_file(workload_file, keys.load_seed(key), Target.EDGE, sequence=5)
    assert made.manifest.class_id == profiles.class_id(profiles.EDGE_PROFILE)
    assert made.manifest.sequence == 5
    assert Envelope.parse(made.data).payloads["#code"] == hello.path.read_bytes()


def test_boards_get_what_is_compiled_for_their_profile(workload_file: Path, key: Path, hello: BuiltComponent) -> None:
    made = bundle.make_from_file(workload_file, keys.load_seed(key), Target.BOARD)
    assert made.manifest.class_id == profiles.class_id(component_compiler.board_profile())
    assert made.manifest.codes[0].digest == hello.compiled_sha256


def test_make_show_and_verify(workload_file: Path, key: Path, tmp_path: Path) -> None:
    file = tmp_path / "hello.suit"
    made = run("make", "-f", workload_file, "--key", key, "--target", "edge", "-o", file, "--json")
    assert made.exit_code == 0, made.output
    shown = json.loads(run("show", file, "--json").stdout)
    assert {**shown, "notes": []} == {**json.loads(made.stdout), "notes": []}
    assert (shown["name"], shown["version"], shown["target"]) == ("hello", "1.0.0", "edge")
    assert shown["codes"][0]["inside"]
    verified = run("verify", file, "--anchor", key.with_suffix(".pub"), "--json")
    assert json.loads(verified.stdout) == {"ok": True, "kid": shown["signed_by"][0], "release": shown["release"]}


@pytest.mark.usefixtures("workload_file")
@pytest.mark.parametrize(
    ("target", "size", "shown"),
    [
        ("edge", 0, "a new one for each call"),
        ("edge", 1, "one, which stays"),
        ("edge", 3, "3 kept warm"),
        ("board", None, "one, which stays"),
    ],
)
def test_how_many_instances_are_kept_is_shown(
    target: str, size: int | None, shown: str, key: Path, tmp_path: Path
) -> None:
    file = tmp_path / "hello.suit"
    made = run("make", "-f", pooled(tmp_path, size), "--key", key, "--target", target, "-o", file)
    assert made.exit_code == 0, made.output
    (line,) = (line for line in made.stdout.splitlines() if "instances" in line)
    assert line.split("instances")[1].strip() == shown


def test_a_stranger_is_named(workload_file: Path, key: Path, tmp_path: Path) -> None:
    file = tmp_path / "hello.suit"
    run("make", "-f", workload_file, "--key", key, "--target", "edge", "-o", file)
    stranger = keys.create("stranger", tmp_path)
    result = run("verify", file, "--anchor", stranger.public.hex())
    assert result.exit_code == 1
    assert "unknown-key" in result.output


def test_a_flipped_bit_in_the_code_is_found(workload_file: Path, key: Path, tmp_path: Path) -> None:
    file = tmp_path / "hello.suit"
    run("make", "-f", workload_file, "--key", key, "--target", "edge", "-o", file)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    result = run("verify", file, "--anchor", key.with_suffix(".pub"))
    assert result.exit_code == 1
    assert "digest-mismatch: #code" in result.output


def test_what_is_no_bundle(tmp_path: Path) -> None:
    file = tmp_path / "text.suit"
    file.write_text("hello")
    result = run("show", file)
    assert result.exit_code == 2
    assert f"{file}: this is not a bundle" in result.output
    assert run("show", tmp_path / "nothing.suit").exit_code == 2


def test_another_profile(workload_file: Path, key: Path) -> None:
    made = bundle.make_from_file(workload_file, keys.load_seed(key), Target.BOARD, profile="another")
    assert made.manifest.class_id == profiles.class_id("another")


def test_boards_run_up_to_four_components(workload_file: Path, key: Path, tmp_path: Path) -> None:
    more = [f"        - {{name: more-{at}, image: 'file:hello.wasm'}}\n" for at in range(4)]
    path = workloads.write(tmp_path, crate=None, extra="".join(more[:3]))
    made = bundle.make_from_file(path, keys.load_seed(key), Target.BOARD)
    assert [code.uri for code in made.manifest.codes] == ["#code", "#code1", "#code2", "#code3"]
    assert [part.name for part in made.manifest.descriptor.components] == ["hello", "more-0", "more-1", "more-2"]
    path = workloads.write(tmp_path, crate=None, extra="".join(more))
    with pytest.raises(InputError, match="boards run up to 4"):
        bundle.make_from_file(path, keys.load_seed(key), Target.BOARD)


def test_boards_know_utc_alone(workload_file: Path, key: Path, tmp_path: Path) -> None:
    for zone, fits in (("UTC", True), ("Europe/Berlin", False)):
        entry = workloads.SCHEDULE.replace("every: 1s", f"cron: '@daily', time-zone: {zone}")
        path = workloads.write(tmp_path, crate=None, interfaces=workloads.LOGGING + entry)
        bundle.make_from_file(path, keys.load_seed(key), Target.EDGE)
        if fits:
            bundle.make_from_file(path, keys.load_seed(key), Target.BOARD)
            continue
        with pytest.raises(InputError, match=r"workload\.yaml:13: time-zone is for edge hosts alone"):
            bundle.make_from_file(path, keys.load_seed(key), Target.BOARD)


def pooled(folder: Path, size: int | None) -> Path:
    path = workloads.write(folder, crate=None)
    said = "" if size is None else f", poolSize: {size}"
    path.write_text(path.read_text().replace("'file:hello.wasm'}", f"'file:hello.wasm'{said}}}"))
    return path


def test_that_one_instance_is_kept_is_unsaid_to_boards(workload_file: Path, key: Path, tmp_path: Path) -> None:
    seed, descriptors = keys.load_seed(key), []
    for size in (None, 0, 1):
        made = bundle.make_from_file(pooled(tmp_path, size), seed, Target.BOARD)
        descriptors.append(made.manifest.descriptor.encode())
        assert made.notes == ()
    assert len(set(descriptors)) == 1
    made = bundle.make_from_file(pooled(tmp_path, 1), seed, Target.EDGE)
    assert made.manifest.descriptor.components[0].edge == EdgeOptions(pool_size=1)


def test_boards_keep_one_instance_and_no_more(workload_file: Path, key: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"workload\.yaml:10: poolSize: 2 is for edge hosts alone") as caught:
        bundle.make_from_file(pooled(tmp_path, 2), keys.load_seed(key), Target.BOARD)
    assert caught.value.next_step.startswith("write poolSize: 1, which is what boards do")


def test_who_may_run_on_both_hosts_is_told_that_they_differ(workload_file: Path, key: Path, tmp_path: Path) -> None:
    file = tmp_path / "hello.suit"
    for size, is_told in ((None, True), (0, False), (1, False), (2, False)):
        path = pooled(tmp_path, size)
        made = run("make", "-f", path, "--key", key, "--target", "edge", "-o", file, "--json")
        assert made.exit_code == 0, made.output
        notes = [line for line in made.stderr.splitlines() if line.startswith("note: hello: edge hosts make a new")]
        assert len(notes) == is_told
        assert len(json.loads(made.stdout)["notes"]) == is_told


def test_two_releases_in_one_second_have_different_numbers(workload_file: Path, key: Path) -> None:
    made = [bundle.make_from_file(workload_file, keys.load_seed(key), Target.EDGE) for _ in range(3)]
    first, second, third = (one.manifest.sequence for one in made)
    assert first < second < third


def test_a_component_that_was_not_built(tmp_path: Path, key: Path) -> None:
    path = workloads.write(tmp_path, crate=None)
    with pytest.raises(InputError, match=r"hello\.wasm is not there") as caught:
        bundle.make_from_file(path, keys.load_seed(key), Target.EDGE)
    assert "petiole component build" in caught.value.next_step


def test_an_import_without_grant_makes_no_bundle(workload_file: Path, key: Path, tmp_path: Path) -> None:
    workloads.write(tmp_path, crate=None, interfaces=workloads.SCHEDULE)
    result = run("make", "-f", workload_file, "--key", key, "--target", "edge", "-o", tmp_path / "hello.suit")
    assert result.exit_code == 2
    assert "imports wasi:logging/logging@0.1.0-draft" in result.output
    assert not (tmp_path / "hello.suit").exists()


def test_too_much_configuration(workload_file: Path, key: Path) -> None:
    text = workload_file.read_text()
    config = f"image: 'file:hello.wasm', localResources: {{config: {{a: {'x' * 5000}}}}}"
    workload_file.write_text(text.replace("image: 'file:hello.wasm'", config))
    with pytest.raises(InputError, match="shorten its configuration"):
        bundle.make_from_file(workload_file, keys.load_seed(key), Target.EDGE)
