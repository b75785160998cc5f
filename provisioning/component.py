"""Building components: from a cargo crate to a core module, a component, and what boards run.

The workload file says how: its annotation `petiole.build/crate` names the crate, its component's `image` where the
component goes. Guests are compiled for `wasm32v1-none`, without an operating system.
"""

import fcntl
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from provisioning import checkout, component_compiler
from provisioning.component_compiler import World
from provisioning.errors import InputError, ToolError
from wire import interfaces, manifest
from wire.errors import WireError
from wire.manifest import Build, Workload

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


def build(manifest_path: Path) -> BuiltComponent:
    """Build the component of a workload file (or of the one in a folder) to where its `image` says.

    Raises InputError for a wrong workload file or an import without a grant, ToolError when cargo or petiole-aot fails.
    """
    workload = load_workload(manifest_path)
    if workload.build is None:
        raise InputError(
            "the workload file does not say how to build",
            where=str(workload.path),
            next_step=f'add to metadata: annotations: {{{manifest.CRATE_ANNOTATION}: "."}}',
        )
    if len(workload.images) != 1:
        raise InputError(
            f"the workload has {len(workload.images)} components, and one crate to build",
            where=str(workload.path),
            next_step=f"build them yourself and remove the annotation {manifest.CRATE_ANNOTATION}",
        )
    (path,) = workload.images
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".build-") as folder:
        draft = Path(folder) / path.name
        with _one_build_at_a_time():
            module = build_module(workload.build)
            core_size = module.stat().st_size
            component_compiler.componentize(module, draft)
        world = component_compiler.world(draft)
        check_grants(workload, 0, world)
        draft.replace(path)
    content, compiled = path.read_bytes(), compile_for_boards(path)
    return BuiltComponent(
        name=workload.release.components[0].name,
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


def check_grants(workload: Workload, index: int, world: World) -> None:
    """Raise InputError unless the workload grants all that its component `index` imports, and the component can run."""
    component = workload.release.components[index]
    for name in world.imports:
        if interfaces.granted(name, component.grants):
            continue
        interface = interfaces.find(interfaces.granting(name))
        if interface is None:
            offered = ", ".join(known.full_name for known in interfaces.IMPORTS)
            raise InputError(
                f"component {component.name} imports {name}, which no host offers",
                where=str(workload.images[index]),
                next_step=f"offered are {offered}",
            )
        namespace, _, package = interface.package.partition(":")
        config = ", config: {labels: LABEL}" if interface.labelled else ""
        raise InputError(
            f"component {component.name} imports {name}, which the workload file does not grant",
            where=str(workload.path),
            next_step="add to hostInterfaces: "
            f"- {{namespace: {namespace}, package: {package}, interfaces: [{interface.name}]{config}}}",
        )
    if component.triggers and interfaces.HANDLER.full_name not in world.exports:
        raise InputError(
            f"component {component.name} is to run on a schedule, but exports no {interfaces.HANDLER.full_name}",
            where=str(workload.path),
            next_step="export the interface, or remove petiole:schedule from hostInterfaces",
        )
