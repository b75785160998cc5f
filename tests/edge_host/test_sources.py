"""How bundles are fetched and unpacked: over TLS, in a process of its own, and what reference files may say."""

from __future__ import annotations

import hashlib
import http.server
import ipaddress
import os
import re
import ssl
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from edge_host.config import load
from edge_host.sources.source import Source, read_source
from tests.edge_host.fleet_double import SEED
from tests.edge_host.manifest_device import bundle
from wire import cose, digests, suit
from wire.errors import MalformedError


def certificate(folder: Path) -> Path:
    """A certificate of 127.0.0.1 that only itself vouches for, and its key in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "server.pem"
    file.write_bytes(private + made.public_bytes(encoding))
    return file


class Server(http.server.BaseHTTPRequestHandler):
    """Serves `content` everywhere but at /moved, which leads there."""

    content = b""

    def do_GET(self) -> None:
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("Location", "/x.suit")
        self.end_headers()
        self.wfile.write(b"" if self.path == "/moved" else self.content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[str]:
    """The address of a web server with TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path))
    Server.content = bundle()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def unpack(place: str, digest: bytes | None, code: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    pinned = digests.show(digest) if digest is not None else "-"
    return subprocess.run(
        [sys.executable, "-m", "edge_host.sources.unpack", place, pinned, code],
        capture_output=True,
        check=False,
        env=os.environ | environment,
    )


def test_over_tls_from_servers_that_an_authority_vouches_for(secure: str, tmp_path: Path) -> None:
    digest, code = hashlib.sha256(Server.content).digest(), tmp_path / "code"
    stranger = unpack(f"{secure}/x.suit", digest, code)
    assert stranger.returncode == 1
    assert b"CERTIFICATE_VERIFY_FAILED" in stranger.stderr
    for path in ("x.suit", "moved"):
        good = unpack(f"{secure}/{path}", digest, code, SSL_CERT_FILE=str(tmp_path / "server.pem"))
        assert good.returncode == 0, good.stderr
        envelope = suit.Envelope.parse(Server.content)
        assert good.stdout == envelope.sever()
        assert code.read_bytes() == envelope.payloads["#code"]


def test_the_guide_without_a_fleet_says_what_is_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "run-without-a-fleet.md").read_text()
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    config, signing, reference = (textwrap.dedent(block) for block in blocks)
    (tmp_path / "agent.toml").write_text(re.sub("<.*>", cose.public_key(SEED).hex(), config) + signing)
    read = load(tmp_path / "agent.toml")
    assert (read.mqtt, read.signing_key) == (None, tmp_path / "device.key")
    (tmp_path / "hello.toml").write_text(reference.replace("...", "0" * 64))
    assert read_source(tmp_path / "hello.toml") == Source("oci://registry.example/farm/hello:1.0.0", bytes(32))


def test_several_codes_are_joined_as_they_travel(tmp_path: Path) -> None:
    file, code = tmp_path / "x.suit", tmp_path / "code"
    file.write_bytes(bundle(parts=3))
    done = unpack(f"file:{file}", None, code)
    manifest = suit.Envelope.parse(done.stdout).manifest
    assert len(manifest.split(code.read_bytes())) == 3


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b"", 2, b"envelope"),
        (suit.Envelope.parse(bundle()).sever(), 2, b"has no code #code"),
        (None, 1, b"No such file"),
    ],
)
def test_what_is_no_bundle(tmp_path: Path, content: bytes | None, code: int, said: bytes) -> None:
    file = tmp_path / "x.suit"
    if content is not None:
        file.write_bytes(content)
    done = unpack(f"file:{file}", None, tmp_path / "code")
    assert done.returncode == code
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


@given(st.binary() | st.text().map(lambda text: f'source = "{text}"\n'.encode()))
def test_references_are_read_or_refused_with_their_line(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "reference.toml"
    file.write_bytes(content)
    try:
        source = read_source(file)
    except MalformedError as error:
        assert str(error).startswith(f"{file}:")
    else:
        assert isinstance(source, Source)
