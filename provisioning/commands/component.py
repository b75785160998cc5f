"""`petiole component`: Build WebAssembly components for boards and edge hosts."""

from pathlib import Path
from typing import Annotated, Any

import typer

from provisioning import component
from provisioning.component import BuiltComponent
from provisioning.console import JsonOption, print_fields, print_json, print_note

app = typer.Typer(help="Build WebAssembly components for boards and edge hosts.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Build WebAssembly components for boards and edge hosts."""


@app.command()
def build(
    source: Annotated[Path, typer.Argument(help="A workload file, or the folder of workload.yaml.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Build the components that a workload file describes, and show their sizes in bytes.

    Example: petiole component build examples/thermometer

    The same component file runs on boards and edge hosts; "compiled" is what a board's flash gets of it.
    """
    print_note(f"building {source}")
    built = [_fields(one) for one in component.build(source)]
    if as_json:
        print_json(built[0] if len(built) == 1 else built)
        return
    for fields in built:
        print_fields((key, ", ".join(value) if isinstance(value, list) else value) for key, value in fields.items())


def _fields(built: BuiltComponent) -> dict[str, Any]:
    return {
        "name": built.name,
        "path": str(built.path),
        "sha256": built.sha256.hex(),
        "core": built.core_size,
        "component": built.size,
        "compiled": built.compiled_size,
        "compiled_sha256": built.compiled_sha256.hex(),
        "imports": list(built.world.imports),
        "exports": list(built.world.exports),
    }
