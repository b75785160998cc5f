"""Subjects of messages, and the filters that pick some of them (formats.md section 5), spelled as in NATS.

A subject is tokens parted by dots, for example `greenhouse.vent.open`. In a filter the token `*` stands for any one
token, and a last `>` for one or more.
"""

import re
from functools import lru_cache

from wire.errors import MalformedError

MAX_LENGTH = 64
"""The most bytes of a subject or a filter."""

_TOKEN = re.compile(r"[!-~]+")
_WILD = re.compile(r"[.*>]")


def is_subject(text: str) -> bool:
    """Whether `text` is a subject that a message can have."""
    return len(text) <= MAX_LENGTH and _has_plain_tokens(text)


def is_filter(text: str) -> bool:
    """Whether `text` is a filter; every subject is one that fits itself."""
    *first, last = text.split(".")
    return (
        len(text) <= MAX_LENGTH
        and all(part == "*" or _is_plain(part) for part in first)
        and (last in {"*", ">"} or _is_plain(last))
    )


def check_subject(text: str) -> str:
    """Return `text`, or raise MalformedError."""
    if not is_subject(text):
        raise MalformedError(
            f"{text!r} is not a subject: write tokens of visible ASCII parted by dots, at most 64 bytes"
        )
    return text


def check_filter(text: str) -> str:
    """Return `text`, or raise MalformedError."""
    if not is_filter(text):
        raise MalformedError(
            f"{text!r} is not a subject filter: write tokens parted by dots, '*' for any token, '>' last for the rest"
        )
    return text


@lru_cache(maxsize=512)
def fits(pattern: str, subject: str) -> bool:
    """Whether the filter `pattern` picks `subject`."""
    wanted, given = pattern.split("."), subject.split(".")
    if wanted[-1] == ">":
        wanted.pop()
        if len(given) <= len(wanted):
            return False
    elif len(given) != len(wanted):
        return False
    return all(want in ("*", token) for want, token in zip(wanted, given, strict=False))


@lru_cache(maxsize=128)
def _has_plain_tokens(text: str) -> bool:
    return all(_is_plain(token) for token in text.split("."))


def _is_plain(token: str) -> bool:
    return _TOKEN.fullmatch(token) is not None and _WILD.search(token) is None
