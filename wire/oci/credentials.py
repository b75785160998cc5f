"""Logins for registries, from where container tools keep them.

The first of these that is there is used: DOCKER_AUTH_CONFIG (the content of such a file), the file that
REGISTRY_AUTH_FILE names, `config.json` in the folder of DOCKER_CONFIG, `~/.docker/config.json`. A login is for one
registry: it is sent there, and to the service for tokens that this registry names. Helper programs are not run.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wire.errors import SourceError

_DOCKER_HUB_KEYS = ("docker.io", "index.docker.io", "registry-1.docker.io")


@dataclass(frozen=True)
class Login:
    """User and password for one registry; neither is ever shown."""

    user: str = field(repr=False)
    password: str = field(repr=False)

    @property
    def header(self) -> str:
        """The value of `Authorization`, as RFC 7617 has it."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


def find_login(registry: str, environment: Mapping[str, str], home: Path) -> Login | None:
    """The login kept for a registry, or None; SourceError when the file that should hold it is none."""
    if content := environment.get("DOCKER_AUTH_CONFIG"):
        return _login(registry, content, "DOCKER_AUTH_CONFIG")
    if named := environment.get("REGISTRY_AUTH_FILE"):
        file = Path(named)
    else:
        folder = environment.get("DOCKER_CONFIG")
        file = (Path(folder) if folder else home / ".docker") / "config.json"
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{file} with logins for registries cannot be read: {error}") from None
    return _login(registry, text, str(file))


def _login(registry: str, text: str, where: str) -> Login | None:
    try:
        fields: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise SourceError(f"{where} with logins for registries is not JSON") from None
    entries = fields.get("auths") if isinstance(fields, dict) else None
    for key, entry in entries.items() if isinstance(entries, dict) else ():
        host = str(key).partition("://")[2] or str(key)
        if _same(host.partition("/")[0], registry) and isinstance(entry, dict):
            return _entry(entry, registry, where)
    return None


def _same(host: str, registry: str) -> bool:
    return host == registry or (host in _DOCKER_HUB_KEYS and registry in _DOCKER_HUB_KEYS)


def _entry(entry: Mapping[str, Any], registry: str, where: str) -> Login | None:
    user, password = entry.get("username"), entry.get("password")
    if isinstance(user, str) and isinstance(password, str):
        return Login(user, password)
    if not isinstance(encoded := entry.get("auth"), str) or not encoded:
        return None
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        user = colon = password = ""
    if not colon:
        raise SourceError(f"{where}: the login for {registry} is not USER:PASSWORD in base64")
    return Login(user, password)
