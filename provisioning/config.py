"""What the commands remember about a person's fleet: `config.toml` in the folder that `typer.get_app_dir` names.

```toml
fleet = "https://fleet.example:8765"   # address of the API
token_file = "/home/me/fleet.token"    # sent as bearer token; over plain HTTP to this machine alone
ca = "/home/me/fleet-ca.pem"           # authority to trust beside the system's
```
`--fleet` goes before the variable PETIOLE_FLEET, which goes before the file; without any the fleet is on this machine.
The variable PETIOLE_TOKEN_FILE goes before `token_file`.
"""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

import typer
from pydantic import BaseModel, ConfigDict, ValidationError

from provisioning.errors import InputError
from provisioning.toml_errors import describe

DEFAULT_FLEET = "http://127.0.0.1:8765"


class ConfigFile(BaseModel):
    """The keys of the file."""

    model_config = ConfigDict(extra="forbid")

    fleet: str = DEFAULT_FLEET
    token_file: Path | None = None
    ca: Path | None = None


@dataclass(frozen=True)
class Access:
    """How to reach the fleet."""

    url: str
    token: str | None = None
    ca: Path | None = None


def path() -> Path:
    """The file: PETIOLE_CONFIG, else `config.toml` in the person's own settings folder."""
    given = os.environ.get("PETIOLE_CONFIG")
    return Path(given) if given else Path(typer.get_app_dir("petiole")) / "config.toml"


def access(url: str | None = None) -> Access:
    """How to reach the fleet, at `url` if given. Raises InputError for a wrong configuration file."""
    file = _read(path())
    given = os.environ.get("PETIOLE_TOKEN_FILE")
    token_file = Path(given) if given else file.token_file
    token = None
    if token_file is not None:
        try:
            token = token_file.read_text().strip()
        except OSError as error:
            raise InputError(f"the token cannot be read: {error.strerror}", where=str(token_file)) from error
    return Access(url or os.environ.get("PETIOLE_FLEET") or file.fleet, token, file.ca)


def _read(place: Path) -> ConfigFile:
    if not place.is_file():
        return ConfigFile()
    try:
        text = place.read_text()
        return ConfigFile.model_validate(tomllib.loads(text))
    except ValidationError as error:
        raise InputError("\n  ".join(describe(error, text, ConfigFile)), where=str(place)) from error
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {error}", where=str(place)) from error
