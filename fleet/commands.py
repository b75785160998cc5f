"""`petiole fleet`: runs the control plane and the brokers of sites, and prepares enrolment."""

import json
import logging
import signal
import ssl
import threading
from pathlib import Path
from typing import Annotated, Any, NoReturn
from urllib.parse import urlsplit

import httpx
import typer

from fleet.broker.config import leaf_config, leaf_secret
from fleet.broker.health import free_monitor_port
from fleet.broker.hub import leaf_password_file, read_leaf_password
from fleet.broker.program import Server
from fleet.errors import FleetError, SetupError
from fleet.identity.files import private_folder, write_private
from fleet.settings import LOOPBACK, BrokerAddress, ClientTls, EmbeddedBroker, Settings, TlsFiles
from wire.errors import MalformedError
from wire.fetching import is_loopback
from wire.names import check_name

LEAF_PORT = 7422
LOG_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
REQUEST_TIMEOUT_S = 15.0
DEFAULT_FLEET = "http://127.0.0.1:8765"

app = typer.Typer(no_args_is_help=True, help="Run the fleet: API, dashboard, hub, and the brokers of sites.")

StateFolder = Annotated[Path, typer.Option("--state", help="Folder for database, authority, broker. Made if missing.")]
FleetAddress = Annotated[str, typer.Option("--fleet", envvar="PETIOLE_FLEET", help="Address of the fleet's API.")]
TokenFile = Annotated[
    Path | None, typer.Option("--token-file", envvar="PETIOLE_TOKEN_FILE", help="File with the API's token.")
]
Authority = Annotated[
    Path | None, typer.Option("--ca", help="Authority (PEM) to trust for an https:// address, beside the system's.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def serve(
    *,
    state: StateFolder = Path("fleet-state"),
    port: Annotated[int, typer.Option(help="Port of API and dashboard.")] = 8765,
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than loopback need TLS and a token.")
    ] = LOOPBACK,
    broker: Annotated[
        str, typer.Option(help="MQTT broker: mqtt://HOST:PORT or mqtts://HOST:PORT.")
    ] = "mqtt://127.0.0.1:1883",
    broker_ca: Annotated[Path | None, typer.Option(help="Authority (PEM) of an mqtts:// broker.")] = None,
    broker_certificate: Annotated[Path | None, typer.Option(help="The fleet's certificate (PEM) for it.")] = None,
    broker_key: Annotated[Path | None, typer.Option(help="The fleet's key (PEM) for it.")] = None,
    embedded_broker: Annotated[int | None, typer.Option(help="Start a nats-server hub with MQTT on this port.")] = None,
    leaf_port: Annotated[int | None, typer.Option(help="Port on which the hub takes the leaves of sites.")] = None,
    broker_host: Annotated[
        str, typer.Option(help="Address the hub listens on; others than loopback need --tls.")
    ] = LOOPBACK,
    tls: Annotated[
        bool, typer.Option("--tls", help="The hub asks devices and leaves for TLS, devices for certificates.")
    ] = False,
    tls_certificate: Annotated[Path | None, typer.Option(help="Certificate (PEM) of API and dashboard.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Key (PEM) of API and dashboard.")] = None,
    token_file: TokenFile = None,
    database: Annotated[str | None, typer.Option(help="SQLAlchemy URL; default: SQLite in the state folder.")] = None,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Run the control plane with its dashboard until it is stopped by SIGTERM or Ctrl-C.

    On a laptop: petiole fleet serve --embedded-broker 1883 --leaf-port 7422
    """
    from fleet.server import serve as run  # noqa: PLC0415 - NiceGUI takes a second to load, the other commands need none

    _start_logging(log_level)
    if (tls_certificate is None) != (tls_key is None):
        _fail("give --tls-certificate and --tls-key together")
    broker_tls = None
    if broker_ca and broker_certificate and broker_key:
        broker_tls = ClientTls(broker_ca, broker_certificate, broker_key)
    elif broker_ca or broker_certificate or broker_key:
        _fail("give --broker-ca, --broker-certificate and --broker-key together")
    embedded = None
    if embedded_broker is not None:
        embedded = EmbeddedBroker(mqtt_port=embedded_broker, leaf_port=leaf_port, host=broker_host, tls=tls)
    elif leaf_port is not None or tls:
        _fail("--leaf-port and --tls are settings of the embedded broker; give --embedded-broker PORT too")
    try:
        settings = Settings(
            state=state.absolute(),
            host=host,
            port=port,
            external_broker=BrokerAddress.parse(broker),
            embedded=embedded,
            database_url=database,
            tls=TlsFiles(tls_certificate, tls_key) if tls_certificate and tls_key else None,
            token_file=token_file,
            broker_tls=broker_tls,
        )
        run(settings)
    except FleetError as error:
        _fail(error.message)


@app.command()
def leaf(
    *,
    site: Annotated[str, typer.Option(help="Site whose broker this is.")],
    port: Annotated[int, typer.Option(help="MQTT port for the site's edge host, on loopback.")],
    hub: Annotated[str, typer.Option(help="Where the hub takes leaves: nats-leaf://HOST:PORT, or tls://HOST:PORT.")],
    state: StateFolder = Path("leaf-state"),
    fleet_state: Annotated[
        Path | None, typer.Option(help="State folder of a fleet on this machine, for the password.")
    ] = None,
    password_file: Annotated[Path | None, typer.Option(help="File with the site's password.")] = None,
    ca: Annotated[Path | None, typer.Option(help="The fleet's authority (PEM), when the hub has TLS.")] = None,
) -> None:
    """Run the broker of a site in the foreground: a nats-server leaf that is started again when it ends or hangs."""
    _start_logging("info")
    folder, monitor = state.absolute(), free_monitor_port()
    try:
        password = _password(site, fleet_state, password_file)
        config = _write_leaf(folder, site, port, hub, password=password, ca=ca, monitor=monitor)
        server = Server(config, folder / "leaf.log", folder / "leaf.pid", LOOPBACK, [port], monitor=monitor)
        server.start()
    except (FleetError, MalformedError) as error:
        _fail(str(error))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(3600):
        pass
    server.stop()


@app.command("leaf-config")
def write_leaf_config(
    *,
    site: Annotated[str, typer.Argument(help="Site whose broker is to be configured.")],
    hub: Annotated[str, typer.Option(help="Where the hub takes leaves: nats-leaf://HOST:PORT, or tls://HOST:PORT.")],
    port: Annotated[int, typer.Option(help="MQTT port for the site's edge host, on loopback.")] = 1883,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write into.")] = Path("leaf-state"),
    fleet_state: Annotated[
        Path | None, typer.Option(help="State folder of a fleet on this machine, for the password.")
    ] = None,
    password_file: Annotated[Path | None, typer.Option(help="File with the site's password.")] = None,
    ca: Annotated[Path | None, typer.Option(help="The fleet's authority (PEM), when the hub has TLS.")] = None,
) -> None:
    """Write the nats-server configuration of a site's leaf into a folder, to be started there by other means."""
    try:
        config = _write_leaf(
            output.absolute(), site, port, hub, password=_password(site, fleet_state, password_file), ca=ca
        )
    except (SetupError, MalformedError) as error:
        _fail(str(error))
    typer.echo(f"Wrote {config}. Start it with: nats-server --config {config}")


@app.command("site")
def add_site(
    name: Annotated[str, typer.Argument(help="Name of the site.")],
    fleet: FleetAddress = DEFAULT_FLEET,
    token_file: TokenFile = None,
    ca: Authority = None,
    as_json: AsJson = False,
) -> None:
    """Make a site: one edge host and the boards attached to it. A site that is there already is fine."""
    answer = _post(fleet, "sites", {"name": name}, token_file=token_file, ca=ca, accept="exists")
    typer.echo(json.dumps(answer or {"name": name}) if as_json else f"Site {name} is there.")


@app.command("token")
def new_token(
    site: Annotated[str, typer.Argument(help="Site at which a device will be enrolled.")],
    fleet: FleetAddress = DEFAULT_FLEET,
    token_file: TokenFile = None,
    ca: Authority = None,
    as_json: AsJson = False,
) -> None:
    """Make a one-time token, valid for one hour, with which one device can enrol at a site."""
    answer = _post(fleet, "tokens", {"site": site}, token_file=token_file, ca=ca)
    typer.echo(json.dumps(answer) if as_json else answer["token"])


def _post(
    fleet: str, path: str, body: dict[str, str], *, token_file: Path | None, ca: Path | None, accept: str = ""
) -> dict[str, Any]:
    """The fleet's answer; nothing when it refuses with the code `accept`."""
    parts = urlsplit(fleet)
    here = is_loopback(parts.hostname)
    if token_file and parts.scheme == "http" and not here:
        _fail(
            f"{fleet}: the token is not sent over plain HTTP, where everybody on the way can read it; "
            "give the fleet's https:// address, or a tunnel's end on this machine (ssh -L)"
        )
    try:
        headers = {"Authorization": f"Bearer {token_file.read_text().strip()}"} if token_file else {}
    except OSError as error:
        _fail(f"the token file cannot be read: {error}")
    trusted = ssl.create_default_context()
    try:
        if ca is not None:
            trusted.load_verify_locations(ca)
    except OSError as error:
        _fail(f"the authority {ca} cannot be read: {error}")
    url = f"{fleet.rstrip('/')}/api/v1/{path}"
    try:
        reply = httpx.post(
            url, json=body, headers=headers, timeout=REQUEST_TIMEOUT_S, trust_env=not here, verify=trusted
        )
        answer: dict[str, Any] = reply.json()
    except httpx.HTTPError as error:
        _fail(f"the fleet at {fleet} does not answer ({error}); is `petiole fleet serve` running there?")
    except ValueError:
        _fail(f"{fleet} answers, but is no fleet; give its address with --fleet")
    if reply.is_error:
        if answer["error"]["code"] == accept:
            return {}
        _fail(answer["error"]["message"])
    return answer


def _password(site: str, fleet_state: Path | None, password_file: Path | None) -> str:
    check_name("site", site)
    if password_file is None and fleet_state is None:
        raise SetupError("the leaf needs the site's password: give --password-file or --fleet-state")
    return read_leaf_password(password_file or leaf_password_file((fleet_state or Path()) / "broker", site))


def _write_leaf(
    folder: Path, site: str, port: int, hub: str, *, password: str, ca: Path | None, monitor: int | None = None
) -> Path:
    parts = urlsplit(hub)
    if parts.scheme not in {"nats-leaf", "tls"} or not parts.hostname:
        raise SetupError(f"hub address {hub!r} is not nats-leaf://HOST:PORT or tls://HOST:PORT")
    private_folder(folder)
    secret = leaf_secret(site, password, parts.hostname, parts.port or LEAF_PORT, tls=parts.scheme == "tls")
    write_private(folder / "hub-address.conf", secret.encode())
    config = folder / "leaf.conf"
    text = leaf_config(
        site, port, folder / "jetstream", "hub-address.conf", ca.absolute() if ca else None, monitor_port=monitor
    )
    config.write_text(text)
    return config


def _start_logging(level: str) -> None:
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        _fail(f"--log-level {level!r} is not debug, info, warning or error")
    logging.basicConfig(level=number, format=LOG_FORMAT)
    for noisy in ("alembic", "httpx", "uvicorn", "socketio", "engineio"):
        logging.getLogger(noisy).setLevel(max(number, logging.WARNING))


def _fail(message: str) -> NoReturn:
    typer.secho(f"petiole fleet: {message}", fg=typer.colors.RED, err=True)
    raise typer.Exit(1)
