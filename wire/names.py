"""Names of devices, sites, workloads, components and labels (formats.md section 1)."""

import re

from wire.errors import MalformedError

MAX_LENGTH = 32
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")


def is_name(text: str) -> bool:
    """Whether `text` is a name."""
    return _NAME.fullmatch(text) is not None


def check_name(kind: str, text: str) -> str:
    """Return `text`, or raise MalformedError; `kind` says what it names, for example "device"."""
    if not is_name(text):
        raise MalformedError(
            f"{text!r} is not a {kind} name: use 1 to {MAX_LENGTH} of a-z, 0-9 and '-', "
            "beginning and ending with a letter or digit"
        )
    return text
