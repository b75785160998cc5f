"""The fleet's certificate authority: turns a device's signing request into a client certificate (X.509, RFC 5280).

The authority's key is P-256, which every TLS stack knows. It lies in the fleet's state folder and never leaves it. A
client certificate says who the device is (`CN=<device>`); what it may do is decided by the broker's configuration,
made from the registry. Revoking is removing the device there: an expired certificate would not end a connection.
"""

import datetime as dt
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fleet.errors import InvalidError, SetupError
from fleet.identity.files import private_folder, write_private

AUTHORITY_DAYS = 3650
DEVICE_DAYS = 730
BACKDATED = dt.timedelta(hours=1)
"""Devices without a battery-backed clock start in the past."""

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


@dataclass(frozen=True)
class Issued:
    """A certificate (PEM) and the public key in it: 32 bytes of Ed25519, or the uncompressed point of P-256."""

    pem: str
    public_key: bytes


@dataclass(frozen=True)
class Authority:
    """The fleet's own signing key and certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    folder: Path

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Reads the authority in a folder, or makes one there."""
        private_folder(folder)
        key_file, certificate_file = folder / "ca.key", folder / "ca.pem"
        if not key_file.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            certificate_file.write_bytes(_self_signed(key).public_bytes(serialization.Encoding.PEM))
            write_private(key_file, _key_pem(key))
        try:
            loaded = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
            certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        except (OSError, ValueError) as error:
            raise SetupError(f"the fleet's authority in {folder} cannot be read: {error}") from error
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise SetupError(f"{key_file} does not hold a P-256 key")
        return cls(loaded, certificate, folder)

    @property
    def pem(self) -> str:
        """The authority's certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, request_pem: str, device: str) -> Issued:
        """A client certificate for the key of a signing request. InvalidError when the request does not hold."""
        try:
            request = x509.load_pem_x509_csr(request_pem.encode())
            proven = request.is_signature_valid
        except (ValueError, InvalidSignature) as error:
            raise InvalidError("malformed", f"the certificate signing request cannot be read: {error}") from error
        key = request.public_key()
        if not proven or not isinstance(key, PublicKey):
            raise InvalidError(
                "malformed", "the certificate signing request must be signed with its own Ed25519 or P-256 key"
            )
        return Issued(self._client_certificate(key, device), public_bytes(key))

    def server_files(self, name: str, hosts: Iterable[str]) -> tuple[Path, Path]:
        """Certificate and key file of a server that is reached under `hosts`, made anew at each call."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [_general_name(host) for host in dict.fromkeys([*hosts, "localhost", "127.0.0.1"])]
        builder = _builder(name, self.certificate.subject, key.public_key(), DEVICE_DAYS)
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        return self._write(name, builder, key, ExtendedKeyUsageOID.SERVER_AUTH)

    def client_files(self, name: str) -> tuple[Path, Path]:
        """Certificate and key file with which the fleet itself connects to its broker, made anew at each call."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(name, self.certificate.subject, key.public_key(), DEVICE_DAYS)
        return self._write(name, builder, key, ExtendedKeyUsageOID.CLIENT_AUTH)

    def _write(
        self, name: str, builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey, usage: x509.ObjectIdentifier
    ) -> tuple[Path, Path]:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        files = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        write_private(files[1], _key_pem(key))
        return files

    def _client_certificate(self, key: PublicKey, device: str) -> str:
        builder = _builder(device, self.certificate.subject, key, DEVICE_DAYS)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def public_bytes(key: PublicKey) -> bytes:
    """A public key as raw bytes."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key.public_bytes_raw()
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("Petiole fleet authority")
    builder = _builder("Petiole fleet authority", name, key.public_key(), AUTHORITY_DAYS, authority=True)
    return builder.sign(key, hashes.SHA256())


def _builder(
    common: str, issuer: x509.Name, key: PublicKey, days: int, *, authority: bool = False
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(common))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
