"""Gives an edge host its identity: a key and a signing request made here, a certificate from the fleet, `agent.toml`.

Run it on the edge host itself: the private key is written once, readable by its owner alone, and never sent.
"""

import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from provisioning.api import Fleet, Json
from provisioning.enroll_board import check_names, trusted
from provisioning.errors import FleetError, InputError
from wire.names import is_name

KEY, CERTIFICATE, AUTHORITY, CONFIG = "key.pem", "certificate.pem", "ca.pem", "agent.toml"
PRIVATE, PUBLIC = 0o600, 0o644
SYSTEM_FOLDER, SYSTEM_STATE = Path("/etc/petiole"), "/var/lib/petiole"
"""Where the agent of a whole machine has its configuration and its state."""


@dataclass(frozen=True)
class AttachedBoard:
    """A board of the edge host: its device name and its serial port."""

    name: str
    port: str


def parse_boards(text: str | None) -> list[AttachedBoard]:
    """Boards from `name=port,name=port`. Raises InputError for anything else."""
    boards = []
    for part in (text or "").split(","):
        if not part.strip():
            continue
        name, equals, port = part.strip().partition("=")
        if not equals or not port or not is_name(name):
            raise InputError(f"{part!r} is not NAME=PORT", where="--boards", next_step="example: an505-1=/dev/ttyACM0")
        boards.append(AttachedBoard(name, port))
    return boards


def enroll_edge(
    api: Fleet, folder: Path, name: str, site: str, *, mqtt: str | None = None, boards: list[AttachedBoard]
) -> Json:
    """Enrol this machine; its files go into `folder`, `mqtt` is the site's broker (default: the one the fleet names).

    An `agent.toml` of the same device is kept as it is, so that a certificate can be renewed. Raises InputError when
    the folder belongs to another device.
    """
    check_names(name, site)
    existing = folder / CONFIG
    if existing.exists():
        _check_same(existing, name, site)
    anchors = trusted(api)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = own_key(folder / KEY)
    request = {"token": api.token(site), "device": name, "kind": "edge", "public_key": None}
    answer = api.enroll(request | {"csr": signing_request(key, name, site), "facts": {}})
    url = mqtt or (answer.get("mqtt") or {}).get("url")
    certificate = answer.get("certificate")
    if not url or not certificate:
        raise FleetError("the fleet's answer names no broker or holds no certificate", where=api.url)
    write(folder / CERTIFICATE, certificate, PUBLIC)
    write(folder / AUTHORITY, answer["ca"], PUBLIC)
    if not existing.exists():
        state = SYSTEM_STATE if folder.absolute() == SYSTEM_FOLDER else "state"
        write(existing, agent_toml(name, site, url, anchors, boards, state=state), PRIVATE)
    return answer | {"config": str(existing)}


def own_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The key (P-256, PKCS #8 PEM) in `path`, made there with mode 0600 if there is none."""
    if not path.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write(path, pem.decode(), PRIVATE)
        return made
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError, OSError) as error:
        raise InputError(
            f"holds no usable private key: {error}", where=str(path), next_step="move the file away and enroll again"
        ) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise InputError("is not a P-256 key", where=str(path), next_step="move the file away and enroll again")
    return key


def signing_request(key: ec.EllipticCurvePrivateKey, name: str, site: str) -> str:
    """A certificate signing request (RFC 2986, PEM) of `key` for the device."""
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, site)]
    )
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def agent_toml(
    name: str, site: str, mqtt: str, anchors: list[bytes], boards: list[AttachedBoard], *, state: str = "state"
) -> str:
    """The agent's configuration."""
    quote = json.dumps  # a JSON string is a TOML basic string
    lines = [
        "# Written by `petiole device enroll`; the reference of this file is docs/reference/agent.md.",
        f"[device]\nname = {quote(name)}\nsite = {quote(site)}\nstate = {quote(state)}",
        f"[mqtt]\nurl = {quote(mqtt)}",
        f"[identity]\nanchors = [{', '.join(quote(anchor.hex()) for anchor in anchors)}]\n"
        f'key = "{KEY}"\ncertificate = "{CERTIFICATE}"\nca = "{AUTHORITY}"',
        *(f"[[boards]]\nname = {quote(board.name)}\nport = {quote(board.port)}\nbaud = 115200" for board in boards),
    ]
    return "\n\n".join(lines) + "\n"


def write(path: Path, text: str, mode: int) -> None:
    """Write a file so that it has its old content or its new one, whatever happens meanwhile."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _check_same(path: Path, name: str, site: str) -> None:
    try:
        device = tomllib.loads(path.read_text()).get("device", {})
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", where=str(path)) from error
    if (device.get("name"), device.get("site")) != (name, site):
        raise InputError(
            f"belongs to device {device.get('name')!r} of site {device.get('site')!r}",
            where=str(path),
            next_step="give another folder with --edge, or move this one away",
        )
