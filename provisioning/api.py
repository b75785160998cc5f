"""Client of the fleet's HTTP API (`/api/v1`); every failure is one of this package's errors.

Answers are the API's JSON, whose fields its OpenAPI page describes.
"""

from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from provisioning.config import Access, access
from provisioning.errors import FleetRefusedError, FleetUnreachableError, InputError
from wire.fetching import is_loopback
from wire.messages import GuestMessage

SECONDS = 30.0
PAGE = 1000

Json = dict[str, Any]


class Fleet:
    """A connection to one fleet; a context manager."""

    def __init__(self, reach: Access) -> None:
        parts = urlsplit(reach.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(
                f"{reach.url!r} is not an address of a fleet", next_step="expected for example http://127.0.0.1:8765"
            )
        here = is_loopback(parts.hostname)
        if reach.token and parts.scheme == "http" and not here:
            raise InputError(
                "the token is not sent over plain HTTP, where everybody on the way can read it",
                where=reach.url,
                next_step="give the fleet's https:// address, or a tunnel's end on this machine (ssh -L)",
            )
        self.url = reach.url.rstrip("/")
        self._http = httpx.Client(
            base_url=f"{self.url}/api/v1",
            timeout=SECONDS,
            trust_env=not here,
            verify=_authorities(reach),
            headers={"Authorization": f"Bearer {reach.token}"} if reach.token else {},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def devices(self) -> list[Json]:
        """Every enrolled device."""
        return self._list("GET", "/devices")

    def device(self, name: str) -> Json:
        """One device."""
        return self._map("GET", f"/devices/{quote(name, safe='')}")

    def remove_device(self, name: str) -> None:
        """Forget a device; its identity is worth nothing from then on."""
        self._call("DELETE", f"/devices/{quote(name, safe='')}")

    def token(self, site: str) -> str:
        """A one-time token to enrol one device at `site`."""
        return str(self._map("POST", "/tokens", json={"site": site})["token"])

    def enroll(self, request: Json) -> Json:
        """Enrol a device (formats.md and the API's page name the fields)."""
        return self._map("POST", "/enroll", json=request)

    def add_anchor(self, name: str, public_key: bytes) -> Json:
        """Trust a release key: devices enrolled later get it as a trust anchor."""
        return self._map("POST", "/anchors", json={"name": name, "public_key": public_key.hex()})

    def anchors(self) -> list[Json]:
        """The trusted release keys."""
        return self._list("GET", "/anchors")

    def remove_anchor(self, kid: str) -> None:
        """Trust a release key no longer, by its key id; devices keep it until a rotation."""
        self._call("DELETE", f"/anchors/{quote(kid, safe='')}")

    def rotate(self, device: str, message: bytes, *, force: bool = False) -> int:
        """Make a device trust other keys, by a signed rotation; returns the new revision."""
        path = f"/devices/{quote(device, safe='')}/anchors"
        return int(self._map("PUT", path, json={"rotation": message.hex()}, params=_force(force))["revision"])

    def send_message(self, device: str, message: GuestMessage) -> None:
        """Send a message to the guests of a device."""
        body = {"subject": message.subject, "data": message.data.hex(), "reply": message.reply}
        self._call("POST", f"/devices/{quote(device, safe='')}/messages", json=body)

    def add_release(self, bundle: bytes, *, force: bool = False) -> Json:
        """Register a bundle; the fleet checks its signature first unless `force`."""
        return self._map(
            "POST",
            "/releases",
            content=bundle,
            params=_force(force),
            headers={"Content-Type": "application/octet-stream"},
        )

    def releases(self) -> list[Json]:
        """Every release."""
        return self._list("GET", "/releases")

    def set_workload(self, device: str, name: str, release: str, *, force: bool = False) -> int:
        """Make `release` the one that `device` shall run as workload `name`; returns the new revision."""
        path = f"/devices/{quote(device, safe='')}/workloads/{quote(name, safe='')}"
        return int(self._map("PUT", path, json={"release": release}, params=_force(force))["revision"])

    def remove_workload(self, device: str, name: str) -> None:
        """Desire a workload on a device no longer."""
        self._call("DELETE", f"/devices/{quote(device, safe='')}/workloads/{quote(name, safe='')}")

    def workloads(self, device: str) -> list[Json]:
        """What a device reported last of its workloads."""
        return self._list("GET", f"/devices/{quote(device, safe='')}/workloads")

    def history(self, device: str, **filters: Any) -> list[Json]:
        """Changes of workload states on a device."""
        return self._list("GET", f"/devices/{quote(device, safe='')}/history", params=_given(filters))

    def events(self, device: str, **filters: Any) -> list[Json]:
        """Stored events; filters: kind, workload, after (row id), limit."""
        return self._list("GET", f"/devices/{quote(device, safe='')}/events", params=_given(filters))

    def telemetry(self, device: str, **filters: Any) -> list[Json]:
        """Stored measurements; filters: name, workload, after (row id), limit."""
        return self._list("GET", f"/devices/{quote(device, safe='')}/telemetry", params=_given(filters))

    def command(self, device: str, command: str, args: Json | None = None) -> Json:
        """Send a command and wait for its reply."""
        path = f"/devices/{quote(device, safe='')}/commands"
        return self._map("POST", path, json={"command": command, "args": args or {}})

    def _list(self, method: str, path: str, **options: Any) -> list[Json]:
        value = self._call(method, path, **options)
        if not isinstance(value, list):
            raise self._strange(f"{method} {path} answered with {type(value).__name__} instead of a list")
        return value

    def _map(self, method: str, path: str, **options: Any) -> Json:
        value = self._call(method, path, **options)
        if not isinstance(value, dict):
            raise self._strange(f"{method} {path} answered with {type(value).__name__} instead of an object")
        return value

    def _call(self, method: str, path: str, **options: Any) -> Any:
        try:
            answer = self._http.request(method, path, **options)
        except httpx.TransportError as error:
            raise FleetUnreachableError(
                f"the fleet does not answer ({error or type(error).__name__})",
                where=self.url,
                next_step="start it with `petiole fleet serve`, or name another with --fleet or PETIOLE_FLEET",
            ) from error
        try:
            value = answer.json() if answer.content else None
        except ValueError as error:
            raise self._strange(f"{method} {path} answered {answer.status_code} without JSON") from error
        if answer.is_success:
            return value
        code, message = _error(value)
        raise FleetRefusedError(
            message or f"{method} {path} answered {answer.status_code}",
            status=answer.status_code,
            code=code or "unknown",
            where=f"fleet: {code}" if code else self.url,
        )

    def _strange(self, what: str) -> FleetUnreachableError:
        return FleetUnreachableError(what, where=self.url, next_step="is this the address of a fleet of Petiole?")


def connect(url: str | None) -> Fleet:
    """The fleet at `url`, else the one that the environment or the configuration file names."""
    return Fleet(access(url))


def _authorities(reach: Access) -> Any:
    if reach.ca is None:
        return True
    try:
        return httpx.create_ssl_context(verify=str(reach.ca))
    except OSError as error:
        raise InputError(f"the authority cannot be read: {error}", where=str(reach.ca)) from error


def _force(force: bool) -> dict[str, str]:
    return {"force": "true"} if force else {}


def _given(filters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in filters.items() if value is not None}


def _error(value: Any) -> tuple[str, str]:
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("code", "")), str(error.get("message", ""))
