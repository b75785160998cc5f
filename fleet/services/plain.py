"""Values from the wire made fit for the database: text that every database takes, and maps that JSON can hold."""

import math
from collections.abc import Mapping
from typing import Any

MAX_TEXT = 8_192
MAX_DEPTH = 8


def clip(text: str, length: int = MAX_TEXT) -> str:
    """The text without NUL and lone surrogates, which PostgreSQL refuses, and no longer than its column."""
    clean = text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
    return clean if len(clean) <= length else clean[: length - 1] + "…"


def clip_or_none(text: str | None, length: int = MAX_TEXT) -> str | None:
    """Like `clip`, where None stays None."""
    return None if text is None else clip(text, length)


def jsonable(value: Any, depth: int = 0) -> Any:
    """A decoded CBOR value as JSON: byte strings become hex, numbers that are none become null, deep nests are cut."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return clip(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return value.hex()
    if depth >= MAX_DEPTH:
        return "…"
    if isinstance(value, Mapping):
        return {clip(str(key), 128): jsonable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item, depth + 1) for item in value]
    return clip(str(value))
