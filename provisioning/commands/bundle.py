"""`petiole bundle`: Make, look into and check signed bundles."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from provisioning import bundle, bundle_registry, keys
from provisioning.bundle import Target
from provisioning.console import NOTE, JsonOption, print_fields, print_json, print_note
from provisioning.errors import InputError
from wire import cose, digests, profiles
from wire.descriptor import Component, Grant
from wire.errors import WireError
from wire.suit import Envelope, Manifest
from wire.triggers import Service

app = typer.Typer(help="Make, look into and check signed bundles.", no_args_is_help=True)

BundleArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A .suit file.")]


@app.command()
def make(
    *,
    workload: Annotated[Path, typer.Option("--file", "-f", help="Workload file.")],
    key: Annotated[Path, typer.Option(help="Private key to sign with, see `petiole keys new`.")],
    target: Annotated[Target, typer.Option(help="Kind of host the bundle is for.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the bundle goes, for example thermometer.suit")],
    profile: Annotated[
        str | None, typer.Option(help="Profile of the hosts; for boards that of this checkout when left out.")
    ] = None,
    sequence: Annotated[
        int | None, typer.Option(min=1, help="Sequence number; a device takes only greater ones. The next one.")
    ] = None,
    build: Annotated[bool, typer.Option(help="Build the component first, when the workload file says how.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Build, compile and sign a workload for edge hosts or for boards.

    Example: petiole bundle make -f examples/hello/workload.yaml --key release.key --target board -o hello.suit
    """
    seed = keys.load_seed(key)
    print_note(f"making a bundle of {workload} for {target} hosts")
    made = bundle.make_from_file(workload, seed, target, profile=profile, sequence=sequence, build=build)
    _write(output, made.data)
    for note in made.notes:
        print_note(f"{NOTE}{note}")
    _print(output, bundle.parse(made.data, str(output)), as_json, made.notes)


@app.command()
def show(file: BundleArgument, *, as_json: JsonOption = False) -> None:
    """Show what a bundle says, without checking its signature."""
    _print(file, bundle.parse(_read(file), str(file)), as_json)


@app.command()
def verify(
    file: BundleArgument,
    *,
    anchor: Annotated[
        list[str], typer.Option(help="Public key to trust: a .pub file or 64 hex digits. May be repeated.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Check signature and payloads of a bundle as a device does; exit code 1 when it would be refused.

    Example: petiole bundle verify thermometer.suit --anchor release.pub
    """
    data = _read(file)
    manifest = bundle.verify(data, [keys.load_public(source) for source in anchor], str(file))
    signer = _signers(Envelope.parse(data))[0]
    if as_json:
        print_json({"ok": True, "kid": signer, "release": manifest.digest.hex()})
    else:
        print_fields([("signed by", signer), ("release", manifest.digest.hex())])


@app.command()
def push(
    file: BundleArgument,
    place: Annotated[str, typer.Argument(help="oci://REGISTRY/REPOSITORY:TAG")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Put a bundle into a registry, from which edge hosts and `petiole bundle pull` take it.

    Example: petiole bundle push hello.suit oci://registry.example/farm/hello:1.0.0

    Logins are those of `docker login`. The reference that is printed pins the bundle by its digest.
    """
    pinned = bundle_registry.push(_read(file), str(file), bundle_registry.reference(place))
    if as_json:
        print_json({"reference": str(pinned), "digest": digests.show(pinned.digest or b"")})
    else:
        print_fields([("pushed", str(pinned))])


@app.command()
def pull(
    place: Annotated[str, typer.Argument(help="oci://REGISTRY/REPOSITORY:TAG, or with @sha256:...")],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the bundle goes, for example hello.suit")],
    anchor: Annotated[
        list[str] | None, typer.Option(help="Take it only when one of these public keys signed it; see `verify`.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Take a bundle from a registry. With --anchor nothing is written unless its signature is good.

    Example: petiole bundle pull oci://registry.example/farm/hello:1.0.0 -o hello.suit --anchor release.pub
    """
    reference = bundle_registry.reference(place)
    pulled = bundle_registry.pull(reference)
    if anchor:
        bundle.verify(pulled.content, [keys.load_public(source) for source in anchor], str(reference))
    _write(output, pulled.content)
    print_note(f"pulled {replace(reference, digest=pulled.digest)}")
    _print(output, bundle.parse(pulled.content, str(output)), as_json)


def _write(file: Path, data: bytes) -> None:
    try:
        file.write_bytes(data)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(file)) from error


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(file)) from error


def _print(file: Path, envelope: Envelope, as_json: bool, notes: Sequence[str] = ()) -> None:
    fields = {"file": str(file), **_fields(envelope, envelope.manifest)}
    if as_json:
        print_json({**fields, "notes": list(notes)})
        return
    parts = zip(fields["codes"], envelope.manifest.descriptor.components, strict=True)
    is_edge = fields["target"] == Target.EDGE.value
    print_fields(
        [
            ("workload", f"{fields['name']} {fields['version']}"),
            ("release", fields["release"]),
            ("sequence", fields["sequence"]),
            ("class", f"{fields['class_id']} ({fields['target']})"),
            ("signed by", ", ".join(fields["signed_by"])),
            ("envelope", f"{fields['envelope']} bytes without code"),
        ]
    )
    for code, part in parts:
        print_fields(
            [
                ("component", f"{part.name}, {code['size']} bytes of code"),
                ("  grants", ", ".join(_grant(name, grant) for name, grant in part.grants.items()) or "nothing"),
                ("  called", ", ".join(map(str, part.triggers)) or "by other components"),
                ("  instances", _instances(part) if is_edge else "one, which stays"),
            ]
        )


def _instances(part: Component) -> str:
    kept = part.edge.pool_size if part.edge is not None else 0
    if kept == 1 or any(isinstance(trigger, Service) for trigger in part.triggers):
        return "one, which stays"
    return f"{kept} kept warm" if kept else "a new one for each call"


def _grant(name: str, grant: Grant) -> str:
    return f"{name} ({', '.join(grant.labels)})" if grant.labels else name


def _fields(envelope: Envelope, manifest: Manifest) -> dict[str, Any]:
    edge = manifest.class_id == profiles.class_id(profiles.EDGE_PROFILE)
    return {
        "release": manifest.digest.hex(),
        "name": manifest.name,
        "version": manifest.version,
        "sequence": manifest.sequence,
        "vendor_id": str(manifest.vendor_id),
        "class_id": str(manifest.class_id),
        "target": (Target.EDGE if edge else Target.BOARD).value,
        "signed_by": _signers(envelope),
        "envelope": len(envelope.sever()),
        "codes": [
            {"uri": code.uri, "digest": code.digest.hex(), "size": code.size, "inside": code.uri in envelope.payloads}
            for code in manifest.codes
        ],
        "components": [asdict(component) for component in manifest.descriptor.components],
        "probation": asdict(manifest.descriptor.probation),
    }


def _signers(envelope: Envelope) -> list[str]:
    signers = []
    for signature in envelope.signatures:
        try:
            kid = cose.parse(signature).kid
        except WireError:
            kid = None
        signers.append(kid.hex() if kid else "unknown")
    return signers
