"""`petiole keys`: Keys to sign releases with."""

from pathlib import Path
from typing import Annotated, Any

import typer

from provisioning import keys
from provisioning.api import connect
from provisioning.console import FleetOption, JsonOption, print_fields, print_json, print_note, print_table

app = typer.Typer(help="Keys to sign releases with.", no_args_is_help=True)

FolderOption = Annotated[Path, typer.Option("--dir", help="Folder of the key files.")]
HERE = Path()


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the key, for example: release")],
    *,
    folder: FolderOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Make an Ed25519 key: NAME.key (private, keep it safe) and NAME.pub.

    Example: petiole keys new release --dir ~/.petiole
    """
    key = keys.create(name, folder)
    _show(key, as_json)
    print_note(f"Next: petiole keys trust {folder / name}.pub, so that the fleet's devices accept what it signs")


@app.command("list")
def list_keys(*, folder: FolderOption = HERE, as_json: JsonOption = False) -> None:
    """List the keys in a folder."""
    found = keys.find_all(folder)
    if as_json:
        print_json([_fields(key) for key in found])
        return
    print_table(
        ("Name", "Key id", "Public key", "Private key"),
        [(key.name, key.kid.hex(), key.public.hex(), key.private_path) for key in found],
        empty=f"No key in {folder.resolve()}; make one with: petiole keys new NAME",
    )


@app.command()
def show(
    path: Annotated[Path, typer.Argument(help="A .key or .pub file.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Show a key's id and public half."""
    _show(keys.show(path), as_json)


@app.command()
def trust(
    path: Annotated[Path, typer.Argument(help="A .pub or .key file.")],
    *,
    name: Annotated[str | None, typer.Option(help="Name in the fleet; the file's name when left out.")] = None,
    fleet: FleetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the fleet trust a key: devices enrolled from then on get it as a trust anchor.

    Example: petiole keys trust release.pub
    """
    key = keys.show(path)
    with connect(fleet) as api:
        api.add_anchor(name or key.name, key.public)
    _show(key, as_json)


def _show(key: keys.PublicKey, as_json: bool) -> None:
    fields = _fields(key)
    if as_json:
        print_json(fields)
    else:
        print_fields(fields.items())


def _fields(key: keys.PublicKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "kid": key.kid.hex(),
        "public_key": key.public.hex(),
        "private_key": str(key.private_path) if key.private_path else None,
    }
