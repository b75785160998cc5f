"""Building components: from a cargo crate or C sources to a core module, a component, and what boards run.

The workload file says how: its annotation `petiole.build/crate` names the crate (`petiole.build/c` the C sources), its
component's `image` where the component goes. Guests are compiled for `wasm32v1-none`, without an operating system.
"""

import fcntl
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from provisioning import c_module, checkout, component_compiler, grants, images
from provisioning.component_compiler import World
from provisioning.errors import InputError, ToolError
from wire import manifest
from wire.errors import WireError
from wire.manifest import Build, BuildC, Workload

TARGET = "wasm32v1-none"
WORKLOAD_FILE = "workload.yaml"


@dataclass(frozen=True)
class BuiltComponent:
    """A component file with its SHA-256, sizes in bytes of core module, component and board artifact, and its world.

    `compiled_sha256` is that of the artifact compiled for boards.
    """

    name: str
    path: Path
    sha256: bytes
    core_size: int
    size: int
    compiled_size: int
    compiled_sha256: bytes
    world: World


def load_workload(path: Path) -> Workload:
    """Read a workload file, or the one in a folder. Raises InputError."""
    path = path / WORKLOAD_FILE if path.is_dir() else path
    try:
        return manifest.load(path)
    except WireError as error:
        raise InputError(str(error)) from error


def build(manifest_path: Path) -> list[BuiltComponent]:
    """Build the components of a workload file (or of the one in a folder) to where their `image` says.

    Raises InputError for a wrong workload file or an import without a grant, ToolError when cargo or petiole-aot fails.
    Component files that are there stay as they are until all is well.
    """
    workload = load_workload(manifest_path)
    if not any(workload.builds):
        raise InputError(
            "the workload file does not say how to build",
            where=str(workload.path),
            next_step=f'add to metadata: annotations: {{{manifest.CRATE_ANNOTATION}: "."}}',
        )
    wanted = {
        at: image
        for at, (image, how) in enumerate(zip(workload.images, workload.builds, strict=True))
        if how is not None and isinstance(image, Path)
    }
    for image in wanted.values():
        image.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=next(iter(wanted.values())).parent, prefix=".build-") as folder:
        drafts = {at: Path(folder) / f"{at}.wasm" for at in wanted}
        core_sizes = {at: _build_draft(workload.builds[at], draft) for at, draft in drafts.items()}
        drafted = replace(workload, images=tuple(drafts.get(at, image) for at, image in enumerate(workload.images)))
        worlds = [component_compiler.world(file) for file in images.files(drafted)]
        grants.complete(workload, worlds)
        for at, draft in drafts.items():
            component_compiler.debug_file(draft).replace(component_compiler.debug_file(wanted[at]))
            draft.replace(wanted[at])
    return [
        _described(workload.release.components[at].name, path, core_sizes[at], worlds[at])
        for at, path in wanted.items()
    ]


def _build_draft(how: Build | BuildC | None, draft: Path) -> int:
    if how is None:
        raise ToolError("there is nothing to build", where=str(draft))
    with _one_build_at_a_time():
        module = c_module.build(how.folder, TARGET) if isinstance(how, BuildC) else build_module(how)
        return component_compiler.componentize(module, draft)


def _described(name: str, path: Path, core_size: int, world: World) -> BuiltComponent:
    content, compiled = path.read_bytes(), compile_for_boards(path)
    return BuiltComponent(
        name=name,
        path=path,
        sha256=hashlib.sha256(content).digest(),
        core_size=core_size,
        size=len(content),
        compiled_size=len(compiled),
        compiled_sha256=hashlib.sha256(compiled).digest(),
        world=world,
    )


@contextmanager
def _one_build_at_a_time() -> Iterator[None]:
    """Releases of one crate with different features share cargo's output file; each process takes its own from it."""
    with (checkout.cache() / "components.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build_module(how: Build) -> Path:
    """Compile a crate to a core module; its path."""
    crate_file = how.crate / "Cargo.toml"
    if not crate_file.is_file():
        raise InputError("there is no crate to build here", where=str(how.crate))
    features = ("--features", ",".join(how.features)) if how.features else ()
    target_folder = checkout.cache() / "cargo" / "components"
    messages = component_compiler.run_cargo(TARGET, how.crate, target_folder, *features)
    modules = [
        Path(str(name))
        for message in messages
        if message.get("reason") == "compiler-artifact"
        and Path(str(message.get("manifest_path"))).resolve() == crate_file.resolve()
        and isinstance(names := message.get("filenames"), list)
        for name in names
        if str(name).endswith(".wasm")
    ]
    if len(modules) != 1:
        raise ToolError(
            f"the crate makes {len(modules)} WebAssembly modules instead of one",
            where=str(crate_file),
            next_step='set crate-type = ["cdylib"] in its [lib]',
        )
    return modules[0]


def compile_for_boards(path: Path) -> bytes:
    """The artifact that boards run of a component."""
    with tempfile.TemporaryDirectory() as folder:
        artifact = Path(folder) / "component.cwasm"
        component_compiler.compile_for_boards(path, artifact)
        return artifact.read_bytes()
