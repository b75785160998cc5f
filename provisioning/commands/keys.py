"""`petiole keys`: Keys to sign releases with."""

from pathlib import Path
from typing import Annotated, Any

import typer

from provisioning import keys, rotation
from provisioning.api import connect
from provisioning.console import FleetOption, JsonOption, print_fields, print_json, print_line, print_note, print_table
from provisioning.errors import InputError

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


@app.command()
def untrust(
    path: Annotated[Path, typer.Argument(help="A .pub or .key file.")],
    *,
    fleet: FleetOption = None,
) -> None:
    """Let the fleet refuse what a key signs from now on. Devices trust it until `petiole keys rotate`."""
    key = keys.show(path)
    with connect(fleet) as api:
        api.remove_anchor(key.kid.hex())
    print_line(f"the fleet trusts {key.name} ({key.kid.hex()}) no longer")


@app.command()
def rotate(
    new: Annotated[list[Path], typer.Argument(help="The keys that the devices shall trust from then on: .pub files.")],
    *,
    key: Annotated[Path, typer.Option(help="Private key that the devices trust now; signs the change.")],
    device: Annotated[list[str] | None, typer.Option(help="Which device; may be given several times.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All devices of the fleet.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Send it although the fleet expects a refusal.")] = False,
    fleet: FleetOption = None,
) -> None:
    """Make devices trust other release keys in place of all they trust now.

    Example: petiole keys rotate release-2027.pub --key release.key --all

    Devices that are away get it when they are back; see `petiole keys devices`. What was signed with a key that is no
    longer trusted does not start again after a reset: rotate to the new and the old key first, deploy anew, then rotate
    to the new one alone and end the old one with `petiole keys untrust`.
    """
    if bool(device) == every:
        raise InputError("say which devices: --device NAME or --all")
    seed = keys.load_seed(key)
    with connect(fleet) as api:
        names = device or [entry["device"] for entry in api.devices()]
        rotation.rotate(api, names, [keys.show(path) for path in new], seed, force=force)
    print_line(f"sent to {', '.join(names) or 'no device'}; watch it with: petiole keys devices")


@app.command()
def devices(fleet: FleetOption = None, as_json: JsonOption = False) -> None:
    """Show which keys each device trusts, and which it shall trust."""
    with connect(fleet) as api:
        rows = rotation.state(api)
    if as_json:
        print_json(rows)
        return
    print_table(
        ("Device", "Trusts", "Shall trust"),
        [(row["device"], *(", ".join(row[name] or ()) for name in ("trusts", "shall_trust"))) for row in rows],
        empty="No device yet; give one an identity with: petiole device enroll NAME --site SITE --port PORT",
    )


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
