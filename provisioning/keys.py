"""Release keys: Ed25519, each in two files beside each other.

`NAME.key` is the private key (PKCS #8 in PEM, readable by its owner alone), `NAME.pub` the public key (64 hex digits),
which devices get as a trust anchor. Public keys on P-256 are taken too (66 hex digits: the compressed point), for who
signs with ES256 by other means.
"""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provisioning.errors import InputError
from wire import cose
from wire.errors import MalformedError
from wire.names import check_name

PRIVATE_SUFFIX = ".key"
PUBLIC_SUFFIX = ".pub"

_PUBLIC_HEX = re.compile(r"[0-9a-fA-F]{64}|0[23][0-9a-fA-F]{64}")


@dataclass(frozen=True)
class PublicKey:
    """A public key with its name and files; `private_path` is None when only the public half is there."""

    name: str
    public: bytes
    private_path: Path | None

    @property
    def kid(self) -> bytes:
        """The key id that signatures by this key carry."""
        return cose.kid(self.public)


def create(name: str, folder: Path) -> PublicKey:
    """Make a new key. Raises InputError for a wrong name, or when there is a key of that name."""
    try:
        check_name("key", name)
    except MalformedError as error:
        raise InputError(str(error)) from error
    folder.mkdir(parents=True, exist_ok=True)
    private_path = folder / f"{name}{PRIVATE_SUFFIX}"
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    try:
        descriptor = os.open(private_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InputError(
            "a key of this name is there already", where=str(private_path), next_step="choose another name or --dir"
        ) from None
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror}", where=str(private_path)) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    public = key.public_key().public_bytes_raw()
    private_path.with_suffix(PUBLIC_SUFFIX).write_text(f"{public.hex()}\n")
    return PublicKey(name, public, private_path)


def load_seed(path: Path) -> bytes:
    """The 32-byte seed of a private key. Raises InputError when it is none, or when others may read the file."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            pem = file.read(65_536)
    except OSError as error:
        raise InputError(
            f"the private key cannot be read: {error.strerror}",
            where=str(path),
            next_step="make one with: petiole keys new NAME",
        ) from error
    if mode & 0o077:
        raise InputError(
            f"others may read this private key (mode {mode:o})", where=str(path), next_step=f"chmod 600 {path}"
        )
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise InputError(f"this is not a private key in PEM: {error}", where=str(path)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(
            "this private key is not Ed25519", where=str(path), next_step="make one with: petiole keys new NAME"
        )
    return key.private_bytes_raw()


def load_public(source: str) -> bytes:
    """The public key that is written in `source` as hex digits, or lies in a .pub or .key file of that path."""
    if _PUBLIC_HEX.fullmatch(source):
        return bytes.fromhex(source)
    path = Path(source)
    if path.suffix == PRIVATE_SUFFIX:
        return cose.public_key(load_seed(path))
    try:
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"the public key cannot be read: {getattr(error, 'strerror', None) or error}",
            where=source,
            next_step="give a .pub file, a .key file, or the key in hex",
        ) from error
    if not _PUBLIC_HEX.fullmatch(text):
        raise InputError("this is not a public key of 64 hex digits", where=source)
    return bytes.fromhex(text)


def show(path: Path) -> PublicKey:
    """The key in a .key or .pub file."""
    private_path = path.with_suffix(PRIVATE_SUFFIX)
    return PublicKey(path.stem, load_public(str(path)), private_path if private_path.is_file() else None)


def find_all(folder: Path) -> list[PublicKey]:
    """The keys in a folder, by name."""
    return [show(path) for path in sorted(folder.glob(f"*{PUBLIC_SUFFIX}"))]
