"""Configuration of nats-server, written from the registry: the hub with an account for each site, and a site's leaf.

Every site has its own account; what devices send is exported to the account of the fleet, what the fleet sends is
exported to that one site. With QoS 1, nats-server carries each MQTT message under `$MQTT.msgs.<subject>` too, so both
are exported. A topic's `/` is a subject's `.`. Only allow lists are written: a deny list can be passed through
`$MQTT.msgs`.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

FLEET_ACCOUNT = "fleet"
FLEET_USER = "fleet.petiole"
"""Common name of the fleet's own certificate; no device can have it, because device names have no dots."""

FROM_DEVICE = ("reported", "telemetry", "event", "cmd.reply", "block.*.get", "message")
TO_DEVICE = ("desired", "ack", "cmd", "block.*", "message.to")


@dataclass(frozen=True)
class SiteAccess:
    """One site: the password of its leaf, its edge hosts (clients of the broker), and all of its devices."""

    name: str
    leaf_password: str
    edges: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServerTls:
    """PEM files of the hub: its certificate, its key, and the authority whose certificates clients must have."""

    certificate: Path
    key: Path
    ca: Path


PATIENCE_S = 30
"""What a connection over a slow line may take for each of its steps; the 1 or 2 s of nats-server are too short."""

SLOW_LINES = ('ping_interval: "15s"', "ping_max: 2", f'write_deadline: "{2 * PATIENCE_S}s"')
"""A line on which packets vanish is given up after 45 s, one that is only slow is not."""

_PATIENT = f"authorization {{ timeout: {PATIENCE_S} }}"


@dataclass(frozen=True)
class HubSettings:
    """Where the hub listens and keeps its streams. Without `tls` it asks nobody who they are: loopback only."""

    store: Path
    mqtt_port: int
    leaf_port: int | None
    host: str
    local_password: str
    tls: ServerTls | None
    monitor_port: int | None = None


def hub_config(settings: HubSettings, sites: Sequence[SiteAccess]) -> str:
    """The hub's configuration."""
    lines = [
        "# Written by the fleet from its registry; changes by hand are lost.",
        'server_name: "petiole-hub"',
        "listen: 127.0.0.1:-1",
        *_monitor(settings.monitor_port),
        f"jetstream {{ store_dir: {_text(settings.store)}, domain: hub }}",
        *SLOW_LINES,
        f"mqtt {{ host: {_text(settings.host)}, port: {settings.mqtt_port}, {_PATIENT}{_mqtt_tls(settings.tls)} }}",
    ]
    if settings.leaf_port is not None:
        tls = f", tls {{ {_tls_files(settings.tls)} }}" if settings.tls else ""
        lines.append(f"leafnodes {{ host: {_text(settings.host)}, port: {settings.leaf_port}, {_PATIENT}{tls} }}")
    lines += ["accounts {", _fleet_account(settings, sites), *(_site_account(settings, site) for site in sites), "}"]
    if settings.tls is None:
        lines.append('no_auth_user: "local"')
    return "\n".join(lines) + "\n"


def leaf_config(
    site: str, port: int, store: Path, secret_file: str, ca: Path | None, *, monitor_port: int | None = None
) -> str:
    """The configuration of a site's leaf. Its secret lies in a file beside it, which defines the variable `HUB`.

    `monitor_port` is where it tells on loopback how it is.
    """
    tls = f", tls {{ ca_file: {_text(ca)}, timeout: {PATIENCE_S} }}" if ca else ""
    remote = f"url: $HUB, dial_timeout: {_text(f'{PATIENCE_S}s')}, first_info_timeout: {_text(f'{PATIENCE_S}s')}{tls}"
    return "\n".join(
        [
            f"include {_text('./' + secret_file)}",
            f"server_name: {_text('petiole-leaf-' + site)}",
            "listen: 127.0.0.1:-1",
            *_monitor(monitor_port),
            f"jetstream {{ store_dir: {_text(store)}, domain: {_text('site-' + site)} }}",
            f"mqtt {{ host: 127.0.0.1, port: {port} }}",
            *SLOW_LINES,
            f"leafnodes {{ reconnect: 1s, remotes: [ {{ {remote} }} ] }}",
            "",
        ]
    )


def leaf_secret(site: str, password: str, host: str, port: int, *, tls: bool) -> str:
    """The file with the hub's address and the site's password."""
    scheme = "tls" if tls else "nats-leaf"
    return f"HUB: {_text(f'{scheme}://{leaf_user(site)}:{password}@{host}:{port}')}\n"


def leaf_user(site: str) -> str:
    """The user as which the leaf of a site connects to the hub."""
    return f"leaf-{site}"


def from_site(site: str) -> list[str]:
    """Subjects on which the devices of a site send."""
    return _both(f"petiole.{site}.*.{kind}" for kind in FROM_DEVICE)


def to_site(site: str) -> list[str]:
    """Subjects on which the fleet sends to the devices of a site."""
    return _both(f"petiole.{site}.*.{kind}" for kind in TO_DEVICE)


def _both(subjects: Iterable[str]) -> list[str]:
    plain = list(subjects)
    return plain + [f"$MQTT.msgs.{subject}" for subject in plain]


def _fleet_account(settings: HubSettings, sites: Sequence[SiteAccess]) -> str:
    if settings.tls is None:
        password = _text(settings.local_password)
        user = f'{{ user: "local", password: {password}, allowed_connection_types: ["MQTT"] }}'
    else:
        user = f"{{ user: {_text('CN=' + FLEET_USER)} }}"
    imports = [_imported(_account(site.name), subject) for site in sites for subject in from_site(site.name)]
    exports = [_exported(subject, _account(site.name)) for site in sites for subject in to_site(site.name)]
    return _account_block(FLEET_ACCOUNT, [user], imports, exports)


def _site_account(settings: HubSettings, site: SiteAccess) -> str:
    password = _text(site.leaf_password)
    users = [f'{{ user: {_text(leaf_user(site.name))}, password: {password}, allowed_connection_types: ["LEAFNODE"] }}']
    if settings.tls is not None:
        users += [_device_user(site, edge) for edge in site.edges]
    imports = [_imported(FLEET_ACCOUNT, subject) for subject in to_site(site.name)]
    exports = [_exported(subject, FLEET_ACCOUNT) for subject in from_site(site.name)]
    return _account_block(_account(site.name), users, imports, exports)


def _device_user(site: SiteAccess, edge: str) -> str:
    """An edge host speaks for itself and for the boards of its site, and for nobody else."""
    names = [edge, *(device for device in site.devices if device not in site.edges)]
    publish = [_text(f"petiole.{site.name}.{name}.{kind}") for name in names for kind in FROM_DEVICE]
    subscribe = [_text(f"petiole.{site.name}.{name}.{kind}") for name in names for kind in TO_DEVICE]
    permissions = f"publish: [{', '.join(publish)}], subscribe: [{', '.join(subscribe)}]"
    return f'{{ user: {_text("CN=" + edge)}, allowed_connection_types: ["MQTT"], permissions: {{ {permissions} }} }}'


def _account_block(name: str, users: list[str], imports: list[str], exports: list[str]) -> str:
    def block(label: str, items: list[str]) -> str:
        return f"    {label}: [\n" + "".join(f"      {item}\n" for item in items) + "    ]"

    parts = ["    jetstream: enabled", block("users", users), block("imports", imports), block("exports", exports)]
    return f"  {_text(name)}: {{\n" + "\n".join(parts) + "\n  }"


def _account(site: str) -> str:
    return f"site-{site}"


def _imported(account: str, subject: str) -> str:
    return f"{{ stream: {{ account: {_text(account)}, subject: {_text(subject)} }} }}"


def _exported(subject: str, account: str) -> str:
    return f"{{ stream: {_text(subject)}, accounts: [{_text(account)}] }}"


def _monitor(port: int | None) -> list[str]:
    return [] if port is None else [f"http: 127.0.0.1:{port}"]


def _mqtt_tls(tls: ServerTls | None) -> str:
    return f", tls {{ {_tls_files(tls)}, verify_and_map: true }}" if tls else ""


def _tls_files(tls: ServerTls) -> str:
    files = f"cert_file: {_text(tls.certificate)}, key_file: {_text(tls.key)}, ca_file: {_text(tls.ca)}"
    return f"{files}, timeout: {PATIENCE_S}"


def _text(value: object) -> str:
    return json.dumps(str(value))
