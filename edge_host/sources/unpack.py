"""``python -m edge_host.sources.unpack PLACE DIGEST CODE``: fetches a bundle and takes it apart, in its own process.

The envelope without code goes to standard output, the code to the file CODE. DIGEST is `sha256:...`, or `-`. Exit
codes: 0 done, 1 not to be had now, 2 not a bundle or another one; one line on standard error says why. Signatures are
for the agent to check.
"""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import replace
from pathlib import Path

from wire import digests, fetching, suit
from wire.errors import MalformedError, SourceError, WireError
from wire.fetching import MAX_BYTES

LATER, BAD = 1, 2


def main(place: str, digest: str, code: str) -> int:
    """Fetch and unpack; gives the exit code."""
    try:
        envelope = unpack(load(place, None if digest == "-" else digests.parse(digest)), Path(code))
    except SourceError as error:
        print(error, file=sys.stderr)
        return LATER
    except OSError as error:
        print(f"{error.filename or place}: {error.strerror or error}", file=sys.stderr)
        return LATER
    except WireError as error:
        print(error, file=sys.stderr)
        return BAD
    sys.stdout.buffer.write(envelope)
    return 0


def load(place: str, digest: bytes | None) -> bytes:
    """The bundle at `place`, which `digest` pins."""
    if place.startswith("oci://"):
        return _pull(place, digest)
    if place.startswith("file:"):
        file = Path(place.removeprefix("file:"))
        if file.stat().st_size > MAX_BYTES:
            raise MalformedError(f"the bundle has more than the {MAX_BYTES} bytes that are taken")
        data = file.read_bytes()
    else:
        from edge_host.sources.transport import send  # noqa: PLC0415 - files need no HTTP

        data = fetching.get(send, place)
    found = hashlib.sha256(data).digest()
    if digest not in (None, found):
        raise MalformedError(f"{place} has the digest {digests.show(found)}, not {digests.show(digest or b'')}")
    return data


def unpack(bundle: bytes, code: Path) -> bytes:
    """Write the code of a bundle, and give its envelope without; MalformedError when it holds none."""
    envelope = suit.Envelope.parse(bundle)
    uris = [one.uri for one in envelope.manifest.codes]
    missing = [uri for uri in uris if uri not in envelope.payloads]
    if missing:
        raise MalformedError(f"the bundle has no code {', '.join(missing)}")
    with code.open("wb") as file:
        file.write(suit.join(envelope.payloads[uri] for uri in uris))
        file.flush()
        os.fsync(file.fileno())
    return envelope.sever()


def _pull(place: str, digest: bytes | None) -> bytes:
    from edge_host.sources.transport import send  # noqa: PLC0415
    from wire.oci import BUNDLE, Login, Reference, Registry, find_login  # noqa: PLC0415

    def login(registry: str) -> Login | None:
        return find_login(registry, os.environ, Path(os.path.expanduser("~")))  # noqa: PTH111 - services may have no home

    reference = replace(Reference.parse(place), digest=digest)
    return Registry(send, login).pull(reference, BUNDLE).content


if __name__ == "__main__":
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        raise SystemExit(BAD)
    raise SystemExit(main(*sys.argv[1:]))
