"""Where a bundle lies: the bundle file itself, or what a reference file (TOML) says.

::

    source = "oci://registry.example/farm/hello:1.0.0"      # or https://..., http:// on loopback, file:PATH
    digest = "sha256:..."                                   # of the manifest for oci, of the bundle for the others
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from wire import digests
from wire.errors import MalformedError, SourceError, WireError

BUNDLE_SUFFIX = ".suit"
REFERENCE_SUFFIX = ".toml"
MAX_REFERENCE_BYTES = 65_536

_KEYS = ("source", "digest")
_LINE = re.compile(r"\(at line (\d+), column \d+\)")


@dataclass(frozen=True)
class Source:
    """A bundle at `place`, an address or `file:` and an absolute path; `digest` pins it, None for a bundle file."""

    place: str
    digest: bytes | None = None


def read_source(file: Path) -> Source:
    """What a file of a manifest folder stands for.

    Raises MalformedError, which names file and line, and SourceError when the file cannot be read now.
    """
    if file.suffix == BUNDLE_SUFFIX:
        return Source(f"file:{file.absolute()}")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {error.strerror}") from None
    if len(content) > MAX_REFERENCE_BYTES:
        raise MalformedError(f"{file}:1: a reference has at most {MAX_REFERENCE_BYTES} bytes")
    try:
        text = content.decode()
        fields = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        found = _LINE.search(str(error))
        raise MalformedError(f"{file}:{found[1] if found else 1}: this is not TOML: {error}") from None
    for key in fields:
        if key not in _KEYS:
            import difflib  # noqa: PLC0415 - only a mistake needs it

            near = difflib.get_close_matches(key, _KEYS, 1)
            advice = f"did you mean {near[0]!r}?" if near else f"known here are {', '.join(_KEYS)}"
            raise _error(file, text, key, f"unknown key {key!r}: {advice}")
    place = _text(file, text, fields, "source")
    if place is None:
        raise MalformedError(f'{file}:1: source is missing: write source = "oci://REGISTRY/REPOSITORY:TAG"')
    given = _text(file, text, fields, "digest")
    try:
        digest = digests.parse(given) if given is not None else None
    except MalformedError as error:
        raise _error(file, text, "digest", str(error)) from None
    try:
        return _source(place, digest, file.absolute().parent)
    except WireError as error:
        raise _error(file, text, "source", str(error)) from None


def _source(place: str, digest: bytes | None, folder: Path) -> Source:
    from wire.fetching import check_url  # noqa: PLC0415 - only who has references pays for it
    from wire.oci.reference import SCHEME, Reference  # noqa: PLC0415

    if not place.isprintable():
        raise MalformedError(f"{place!r} is no place: it has characters that cannot be seen")
    if place.startswith("file:"):
        if not (name := place.removeprefix("file:")) or name.startswith("//"):
            raise MalformedError(f"{place!r} names no file: write file:PATH, relative to this file")
        return Source(f"file:{folder / name}", digest)
    if place.startswith(SCHEME):
        reference = Reference.parse(place)
        if reference.digest is not None and digest not in (None, reference.digest):
            raise MalformedError("source and digest name two digests")
        digest = reference.digest or digest
    elif place.startswith(("https://", "http://")):
        check_url(place)
    else:
        raise MalformedError(f"{place!r} is none of oci://..., https://..., file:...")
    if digest is None:
        raise MalformedError(f'{place} is not pinned: add digest = "sha256:..."')
    return Source(place, digest)


def _text(file: Path, text: str, fields: dict[str, object], key: str) -> str | None:
    value = fields.get(key)
    if value is None or isinstance(value, str):
        return value
    raise _error(file, text, key, f"{key} is not text")


def _error(file: Path, text: str, key: str, problem: str) -> MalformedError:
    lines = text.splitlines()
    at = next((n for n, line in enumerate(lines, 1) if line.lstrip(" \t['\"").startswith(key)), 1)
    return MalformedError(f"{file}:{at}: {problem}")
