"""Requests of guests, over real connections: answers, redirects, time limits, certificates."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from edge_host.http.client import Times, ask
from edge_host.http.destinations import Destination, destination
from edge_host.http.model import Fields, HttpError, IncomingResponse, OutgoingBody, OutgoingRequest
from edge_host.streams import StreamFailedError

LIMITS = Times(5.0, 5.0, 5.0)


class Answers(BaseHTTPRequestHandler):
    """A few answers by path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/away":
            self.send_response(302)
            self.send_header("location", "http://169.254.169.254/")
            self.send_header("content-length", "0")
            self.end_headers()
        elif self.path == "/slow":
            time.sleep(2)
        elif self.path == "/short":
            self.send_response(200)
            self.send_header("content-length", "100")
            self.end_headers()
            self.wfile.write(b"not all")
            self.close_connection = True
        elif self.path == "/nonsense":
            self.wfile.write(b"what is this\r\n\r\n")
            self.close_connection = True
        else:
            self._say(f"{self.headers['host']} {self.headers.get('x-mine')}".encode())

    def do_POST(self) -> None:
        size = self.headers.get("content-length")
        if size is not None:
            self._say(self.rfile.read(int(size)))
            return
        body = b""
        while length := int(self.rfile.readline(), 16):
            body += self.rfile.read(length + 2)[:-2]
        self.rfile.readline()
        self._say(body)

    def _say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    """Starts servers; gives their ports."""
    servers: list[ThreadingHTTPServer] = []

    def start(context: ssl.SSLContext | None = None) -> int:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        server.daemon_threads = True
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return int(server.server_address[1])

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def to(port: int, scheme: str = "http", host: str = "127.0.0.1") -> Destination:
    found = destination(scheme, f"{host}:{port}", (f"{host}:{port}",))
    assert isinstance(found, Destination)
    return found


def answer(
    request: OutgoingRequest, where: Destination, limits: Times = LIMITS, address: str = "127.0.0.1"
) -> IncomingResponse | HttpError:
    done = threading.Event()
    future = ask(request, where, limits, done.set, lambda *_: [address])
    while future.result is None:
        assert done.wait(20)
        done.clear()
    return future.result


def body_of(response: IncomingResponse | HttpError) -> bytes:
    assert isinstance(response, IncomingResponse), response
    parts = []
    while (part := response.body.pipe.take_soon(1000, 20)) is not None:
        parts.append(part)
    return b"".join(parts)


def get(path: str) -> OutgoingRequest:
    return OutgoingRequest(Fields([("x-mine", b"yes")]), path=path)


def code(result: object) -> str:
    assert isinstance(result, HttpError), result
    return result.code


def test_a_request_is_answered(serve: Callable[..., int]) -> None:
    port = serve()
    response = answer(get("/hello"), to(port))
    assert body_of(response) == f"127.0.0.1:{port} yes".encode()
    assert isinstance(response, IncomingResponse)
    assert response.status == 200


@pytest.mark.parametrize("with_length", [True, False])
def test_a_body_is_sent(with_length: bool, serve: Callable[..., int]) -> None:
    data = bytes(range(256)) * 200
    body = OutgoingBody()
    fields = Fields([("content-length", str(len(data)).encode())] if with_length else [])

    def write() -> None:
        body.pipe.put(data)
        body.pipe.end()

    threading.Thread(target=write).start()
    assert body_of(answer(OutgoingRequest(fields, "POST", "/", body=body), to(serve()))) == data


def test_a_body_that_was_not_finished_is_not_sent_as_whole(serve: Callable[..., int]) -> None:
    body = OutgoingBody()
    body.pipe.put(b"half")
    body.close()
    assert code(answer(OutgoingRequest(Fields(), "POST", "/", body=body), to(serve()))) == "internal-error"


def test_a_redirect_is_for_the_guest(serve: Callable[..., int]) -> None:
    response = answer(get("/away"), to(serve()))
    assert isinstance(response, IncomingResponse)
    assert (response.status, response.fields.get("location")) == (302, [b"http://169.254.169.254/"])


def test_what_is_wrong_with_an_answer_is_told(serve: Callable[..., int]) -> None:
    port = serve()
    assert code(answer(get("/slow"), to(port), Times(5, 0.2, 5))) == "HTTP-response-timeout"
    assert code(answer(get("/nonsense"), to(port))) == "HTTP-protocol-error"
    short = answer(get("/short"), to(port))
    assert isinstance(short, IncomingResponse)
    with pytest.raises(StreamFailedError) as failed:
        body_of(short)
    assert failed.value.error.http_code == "HTTP-response-incomplete"


def test_an_address_that_is_not_public_is_not_connected_to(serve: Callable[..., int]) -> None:
    sneaky = Destination("http", "sneaky.example.com", serve(), is_literal=False)
    assert code(answer(get("/"), sneaky)) == "destination-IP-prohibited"


def test_nobody_there_is_told() -> None:
    assert code(answer(get("/"), to(1))) == "connection-refused"


def test_certificates_are_checked(serve: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("right.example"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    port = serve(context)
    assert code(answer(get("/"), to(port, "https", "right.example"))) == "TLS-certificate-error"
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    assert body_of(answer(get("/"), to(port, "https", "right.example"))) == f"right.example:{port} yes".encode()
    assert code(answer(get("/"), to(port, "https", "wrong.example"))) == "TLS-certificate-error"
